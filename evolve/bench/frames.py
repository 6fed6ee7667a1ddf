"""What a bench found, as pandas frames: a row a run, its curve, and its champion on every test instance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from evaluators.evaluate import InstanceResult
from evaluators.problem import Problem
from evolve.archive import Archive
from evolve.bench.curves import curve, reached
from evolve.bench.external import Peer
from evolve.bench.plan import Cell, Contestant, labels
from evolve.config import ConfigError
from evolve.records import Candidate, Run

Baselines = Mapping[str, Mapping[str, float]]  # mean gap by name and split


@dataclass(frozen=True)
class Frames:
    """runs: a row a run. curves: its steps (see `curves.curve`). instances: its champion on each test instance.

    All have the columns problem, name (the contestant's), strategy, proposer, variant, seed and run. baselines are
    those of each problem.
    """

    runs: pd.DataFrame
    curves: pd.DataFrame
    instances: pd.DataFrame
    baselines: Mapping[str, Baselines]
    scales: Mapping[str, str]

    @property
    def names(self) -> list[str]:
        """The contestants, in the order in which they were named."""
        return list(self.runs["name"].unique())


def collect(
    found: Sequence[tuple[Cell, Run]], peers: Sequence[Peer], archive: Archive, target: str | None = None
) -> Frames:
    """The frames of finished runs, and of other engines' programs. target: a baseline's name or a gap on train; by
    default the problem's best baseline there. Raises ConfigError for a target that there is not."""
    contestants = [*(cell.contestant for cell, _ in found), *(peer.external.contestant for peer in peers)]
    named = labels(list(dict.fromkeys(contestants)))
    baselines: dict[str, Baselines] = {}
    targets: dict[str, tuple[str, float]] = {}
    runs: list[dict[str, Any]] = []
    curves: list[pd.DataFrame] = []
    instances: list[dict[str, Any]] = []

    def add(key: dict[str, Any], row: dict[str, Any], steps: pd.DataFrame, results: Sequence[InstanceResult]) -> None:
        runs.append({**key, **row, **_on_test(results), **_on_target(steps, targets[key["problem"]])})
        curves.append(pd.concat([pd.DataFrame([key] * len(steps)), steps], axis=1))
        instances.extend({**key, **{name: getattr(result, name) for name in _RESULT}} for result in results)

    for cell, run in found:
        candidates = archive.candidates_of(run.id)
        name = cell.problem.name
        if name not in baselines:
            baselines[name] = {c.name or c.id: c.gaps for c in candidates if c.number < 0}
            targets[name] = target_of(cell.problem, baselines[name], target)
        key = _key(cell.problem, named, cell.contestant, cell.seed, run.id)
        add(key, run_row(run, candidates, archive), curve(run.id, archive), _champion_on_test(run, archive))
    for peer in peers:
        external = peer.external
        key = _key(peer.problem, named, external.contestant, external.seed, str(external.program))
        add(key, _peer_row(peer), peer.curve, peer.results.get("test", ()))
    return Frames(
        pd.DataFrame(runs),
        pd.concat(curves, ignore_index=True),
        pd.DataFrame(instances, columns=[*_KEY, *_RESULT]),
        baselines,
        {cell.problem.name: cell.problem.evaluator.scale for cell, _ in found},
    )


_KEY = ("problem", "name", "strategy", "proposer", "variant", "seed", "run")
_RESULT = ("instance", "group", "cost", "reference", "gap")


def _key(
    problem: Problem, named: Mapping[Contestant, str], contestant: Contestant, seed: int, run: str
) -> dict[str, Any]:
    values = (problem.name, named[contestant], contestant.strategy, contestant.proposer, contestant.variant, seed, run)
    return dict(zip(_KEY, values, strict=True))


def run_row(run: Run, candidates: Sequence[Candidate], archive: Archive) -> dict[str, Any]:
    """What a run used, and what of it were programs that ran."""
    usage = archive.usage(run.id)
    proposed = [c for c in candidates if c.proposed]
    written = [c for c in proposed if c.status in ("valid", "duplicate", "invalid", "unparsed")]
    ran = [c for c in written if c.train is not None and c.status in ("valid", "duplicate")]
    champion = next((c for c in candidates if c.id == run.champion), None)
    return {
        "champion": run.champion,
        "validation": champion.gaps.get("validation", math.nan) if champion else math.nan,
        "train": min(
            (c.train for c in candidates if (c.number == 0 or c.proposed) and c.train is not None), default=math.nan
        ),
        "candidates": len(proposed),
        "valid": sum(c.status == "valid" for c in proposed),
        "valid_rate": len(ran) / len(written) if written else math.nan,
        "calls": usage.calls,
        "tokens": usage.input_tokens + usage.output_tokens,
        "cost": math.nan if usage.unpriced_calls else usage.cost,
        "evaluations": sum(c.evaluations for c in proposed),
    }


def _peer_row(peer: Peer) -> dict[str, Any]:
    """What another engine used; the meter does not see its candidates."""
    meter = peer.external.meter
    return {
        "champion": str(peer.external.program),
        "validation": peer.gap("validation"),
        "train": peer.gap("train"),
        "candidates": math.nan,
        "valid": math.nan,
        "valid_rate": math.nan,
        "calls": meter.calls,
        "tokens": meter.tokens,
        "cost": math.nan if meter.cost is None else meter.cost,
        "evaluations": math.nan,
    }


def _on_test(results: Sequence[InstanceResult]) -> dict[str, Any]:
    gaps = [result.gap for result in results]
    return {"test": sum(gaps) / len(gaps) if gaps else math.nan, "instances": len(gaps)}


def _on_target(steps: pd.DataFrame, aim: tuple[str, float]) -> dict[str, Any]:
    name, target = aim
    where = {f"to_target_{axis}": place for axis, place in reached(steps, target).items()}
    return {"seconds": steps["seconds"].iloc[-1], "target": target, "target_name": name, **where}


def _champion_on_test(run: Run, archive: Archive) -> list[InstanceResult]:
    """Empty where there is no champion, or it failed on an instance."""
    return archive.results(run.champion, "test") if run.status == "finished" and run.champion else []


def check_target(problem: Problem, target: str | None) -> None:
    """Raises ConfigError for a target that is neither a number nor a baseline of the problem."""
    if target is None or target in problem.baselines:
        return
    try:
        float(target)
    except ValueError:
        known = ", ".join(problem.baselines) or "none"
        raise ConfigError(f"--target {target}: no number, and no baseline of {problem.name}: {known}") from None


def target_of(problem: Problem, baselines: Baselines, target: str | None) -> tuple[str, float]:
    """The name of a target, and the train gap that it stands for; NaN, which nothing meets, where there is none."""
    check_target(problem, target)
    measured = {name: gaps["train"] for name, gaps in baselines.items() if "train" in gaps}
    if target is not None and target not in problem.baselines:
        return "given", float(target)
    name = target or min(measured, key=lambda name: measured[name], default="none")
    return name, measured.get(name, math.nan)
