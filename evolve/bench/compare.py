"""Contestants against the first: on each problem, and over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from evaluators.statistics import PairedTest, bootstrap_interval, paired_test
from evolve.bench.frames import Frames
from evolve.insight import AXES

LEVEL = 0.05


@dataclass(frozen=True)
class Comparison:
    """Frames, and what `by_problem` and `overall` say of them."""

    frames: Frames
    problems: pd.DataFrame
    overall: pd.DataFrame


def compare(frames: Frames) -> Comparison:
    """Compare all contestants with the first."""
    problems = by_problem(frames)
    return Comparison(frames, problems, overall(frames, problems))


def by_problem(frames: Frames) -> pd.DataFrame:
    """A row a problem and contestant: mean test gap over its runs, and a paired test of it against the first.

    runs, failed: failed ones have no champion that ran on all of test, and are in no mean. low, high: 95 % bootstrap
    interval over runs. difference, wins, losses, p: a permutation test over test instances, each averaged over the
    seeds that both have, which says what these champions are worth. holm: p, adjusted for the contestant's tests on
    all problems. p_runs: a permutation test of the mean test gaps over runs, which says what other seeds might bring.
    reached: runs that met the target, and their median place on each axis, infinite where fewer than half did.
    """
    rows = []
    for (problem, name), runs in frames.runs.groupby(["problem", "name"], sort=False):
        test = None if name == frames.names[0] else _paired(frames, problem, name, frames.names[0])
        gaps = runs["test"].dropna()
        low, high = bootstrap_interval(list(gaps)) if len(gaps) else (np.nan, np.nan)
        rows.append(
            {
                "problem": problem,
                **runs.iloc[0][["name", "strategy", "proposer", "variant"]],
                "runs": len(runs),
                "failed": int(runs["test"].isna().sum()),
                "test": gaps.mean(),
                "low": low,
                "high": high,
                "difference": test.difference if test else np.nan,
                "wins": test.wins if test else np.nan,
                "losses": test.losses if test else np.nan,
                "p": test.p_value if test else np.nan,
                "p_runs": np.nan if name == frames.names[0] else _over_runs(frames, problem, gaps),
                "train": runs["train"].mean(),
                "valid_rate": runs["valid_rate"].mean(),
                "target": runs["target"].iloc[0],
                "reached": int((runs["train"] <= runs["target"]).sum()),
                **{f"to_target_{axis}": runs[f"to_target_{axis}"].fillna(np.inf).median() for axis in AXES},
            }
        )
    table = pd.DataFrame(rows)
    table.insert(list(table.columns).index("p") + 1, "holm", np.nan)
    for _, tests in table.groupby("name"):
        table.loc[tests.index, "holm"] = holm(tests["p"].to_numpy(dtype=float))
    return table


def _paired(frames: Frames, problem: Any, name: Any, first: str) -> PairedTest | None:
    """None where they have no seed in common on which both champions ran on test."""
    of_problem = frames.instances[frames.instances["problem"] == problem]
    mine, theirs = (
        of_problem[of_problem["name"] == who].pivot_table(index="seed", columns="instance", values="gap")
        for who in (name, first)
    )
    seeds = mine.index.intersection(theirs.index)
    if not len(seeds):
        return None
    return paired_test(*(list(side.loc[seeds, mine.columns].mean()) for side in (mine, theirs)))


def _over_runs(frames: Frames, problem: Any, gaps: pd.Series[float]) -> float:
    """p of a two-sided permutation test of mean test gaps against the first's: exact where there are few runs."""
    runs = frames.runs[(frames.runs["problem"] == problem) & (frames.runs["name"] == frames.names[0])]
    theirs = runs["test"].dropna()
    if min(len(gaps), len(theirs)) < 2:
        return float("nan")
    found = stats.permutation_test(
        (gaps.to_numpy(dtype=float), theirs.to_numpy(dtype=float)),
        lambda mine, other, axis: mine.mean(axis=axis) - other.mean(axis=axis),
        vectorized=True,
        rng=np.random.default_rng(0),
    )
    return float(found.pvalue)


def holm(p: Sequence[float] | np.ndarray[Any, np.dtype[np.float64]]) -> list[float]:
    """Holm's adjustment of p values for all tests among them (those that are not NaN)."""
    values = np.asarray(p, dtype=float)
    adjusted = np.full(len(values), np.nan)
    tests = np.flatnonzero(~np.isnan(values))
    highest = 0.0
    for place, index in enumerate(sorted(tests, key=lambda i: values[i])):
        highest = max(highest, min(1.0, (len(tests) - place) * values[index]))
        adjusted[index] = highest
    return [float(value) for value in adjusted]


def overall(frames: Frames, table: pd.DataFrame) -> pd.DataFrame:
    """A row a contestant, over problems. rank: of its mean test gap among all contestants, on average over problems.
    wins, losses: problems on which it is better or worse than the first with holm < 0.05 and p_runs < 0.05, so neither
    by the choice of instances nor by luck with seeds; undecided: the others.
    better, worse: pairs of problem and seed on which its test gap is below or above the first's; sign: a sign test of
    them; wilcoxon: a signed-rank test of the differences, each divided by the spread of its problem's test gaps. A run
    without a champion on test is worse than any that has one."""
    means = table.assign(mean=table["test"].where(table["failed"] < table["runs"], np.inf))
    ranks = table.assign(rank=means.groupby("problem")["mean"].rank())
    rows = []
    for name in frames.names:
        tests = table[table["name"] == name]
        decided = (tests["holm"] < LEVEL) & (tests["p_runs"] < LEVEL)
        row: dict[str, Any] = {
            "name": name,
            "problems": len(tests),
            "runs": int(tests["runs"].sum()),
            "failed": int(tests["failed"].sum()),
            "rank": ranks[ranks["name"] == name]["rank"].mean(),
        }
        if name != frames.names[0]:
            wins, losses = (
                int((decided & better).sum()) for better in (tests["difference"] < 0, tests["difference"] > 0)
            )
            undecided = len(tests) - wins - losses
            row |= {"wins": wins, "losses": losses, "undecided": undecided, **_over_pairs(frames, name)}
        rows.append(row)
    return pd.DataFrame(rows)


def _over_pairs(frames: Frames, name: str) -> dict[str, Any]:
    """Tests over the pairs of problem and seed that the contestant and the first both have."""
    gaps = frames.runs.assign(test=frames.runs["test"].fillna(np.inf))
    gaps = gaps.pivot_table(index=["problem", "seed"], columns="name", values="test")
    both = gaps[[name, frames.names[0]]].dropna()
    with np.errstate(invalid="ignore"):
        differences = (both[name] - both[frames.names[0]]).fillna(0.0)  # both infinite: a tie
    spread = frames.runs.groupby("problem")["test"].std()
    scale = spread.where(spread > 0, 1.0).reindex(both.index.get_level_values("problem")).fillna(1.0)
    scaled = differences.to_numpy(dtype=float) / scale.to_numpy(dtype=float)
    largest = np.abs(scaled[np.isfinite(scaled)]).max(initial=0.0) + 1.0
    scaled = np.clip(scaled, -largest, largest)
    better, worse = int((scaled < 0).sum()), int((scaled > 0).sum())
    some = better + worse
    return {
        "better": better,
        "worse": worse,
        "sign": float(stats.binomtest(better, some).pvalue) if some else 1.0,
        "wilcoxon": float(stats.wilcoxon(scaled[scaled != 0]).pvalue) if some else 1.0,
    }
