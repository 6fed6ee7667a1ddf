"""A bench as one Markdown page: the command that makes it again, tables, pictures, and on what it ran."""

from __future__ import annotations

import math
import os
import platform
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from evolve.bench.compare import Comparison
from evolve.bench.frames import Frames
from evolve.insight import AXES

PACKAGES = ("numpy", "scipy", "pandas", "openai", "langgraph")
_PASSWORD = re.compile(r"//[^/@\s]*@")


def write_report(
    path: Path,
    result: Comparison,
    axes: Sequence[str],
    pictures: Sequence[Path],
    words: Sequence[str],
    variants: Mapping[str, Mapping[str, str | None]],
    versions: Sequence[str],
) -> None:
    """Write the page. words: those of the command line; versions: of the program, under which the runs were made."""
    frames, first = result.frames, result.frames.names[0]
    by_problem = markdown(problem_rows(result.problems, first, axes[0]))
    parts = [
        f"# {', '.join(frames.names)}",
        f"```sh\n{command(words)}\n```",
        _setting(frames, variants, versions),
        f"## Over all problems\n\n{markdown(overall_rows(result.overall))}\n\n{OVERALL.format(first=first)}",
        f"## By problem\n\n{by_problem}\n\n{BY_PROBLEM.format(first=first)}",
        f"## What the runs used\n\n{markdown(usage_rows(frames))}\n\n{USAGE}",
    ]
    if pictures:
        links = [f"![{picture.stem}]({os.path.relpath(picture, path.parent)})" for picture in pictures]
        parts.append("## Pictures\n\n" + "\n\n".join(links) + f"\n\n{PICTURES}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


OVERALL = """
*rank*: of the mean test gap among all contestants, on average over problems. *wins, losses*: problems on which the
contestant is better or worse than {first} with p < 0.05 over instances, after Holm's correction for its tests on all
problems, and over runs.
*better, worse*: pairs of problem and seed with a lower or a higher test gap than {first}; *sign*, *Wilcoxon*: two-sided
p values of the sign test and the signed-rank test over these pairs (differences divided by the spread of test gaps on
their problem). *failed*: runs whose champion did not run on all of test; they are worse than any other.
""".strip()

BY_PROBLEM = """
*test*: mean gap of the champions on test, on the problem's own scale, lower is better, with a 95 % bootstrap interval
over runs. *minus {first}*: mean difference over test instances, each averaged over the seeds that both have; *p*:
paired permutation test of it, *Holm* the same corrected for the contestant's tests on all problems; *p, runs*:
permutation test of the mean test gaps over runs, for other seeds may bring others. *at target*: runs whose best train
gap met the target; *median to target*: over all runs, ∞ where fewer than half of them met it.
""".strip()

USAGE = """
Means over runs, all metered at the engine; *evaluations*: of programs on train, those for tuning included. *ran*:
programs that were valid or repeated a valid one, of all that the proposer wrote. *seconds*: of the search alone. An
engine of others is metered by `evolve meter`, which does not see its candidates and evaluations.
""".strip()

PICTURES = """
Anytime curves: median over runs of the best train gap, and of the validation gap of the incumbent (the best on train so
far that was measured on validation), with the quartiles as a band; dashed: the three best baselines. Performance
profile (Dolan and Moré, 2002): the share of runs whose cost on test, 100 + gap, is within a factor of the best of the
same problem and seed. Target profile (Moré and Wild, 2009): the share of runs that had met the target.
""".strip()


def command(words: Sequence[str]) -> str:
    """The command line, without passwords in URLs."""
    return _PASSWORD.sub("//", shlex.join(["evolve", *words]))


def _setting(frames: Frames, variants: Mapping[str, Mapping[str, str | None]], versions: Sequence[str]) -> str:
    """What was run, where, and under which versions."""
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    lines = [
        f"evolve {', '.join(versions)}; Python {platform.python_version()}, {packages}; {os.cpu_count()} cores,",
        f"{platform.system()} {platform.machine()}.",
    ]
    for name, changes in variants.items():
        changed = ", ".join(f"{key} = {'its default' if value is None else value}" for key, value in changes.items())
        lines.append(f"Variant *{name}*: {changed}.")
    for problem, of_one in frames.runs.groupby("problem", sort=False):
        target = of_one.iloc[0]
        lines.append(f"Target on `{problem}`: {figure(target['target'])} ({target['target_name']}).")
    return "\n".join(lines)


Row = dict[str, str]


def overall_rows(overall: pd.DataFrame) -> list[Row]:
    """The table over all problems, as text."""
    rows = []
    for row in overall.to_dict("records"):
        shown = {
            "": str(row["name"]),
            "problems": count(row["problems"]),
            "runs": count(row["runs"]),
            "failed": count(row["failed"]),
            "rank": figure(row["rank"], 3),
        }
        against: dict[str, Callable[[Any], str]] = {
            **dict.fromkeys(("wins", "losses", "better", "worse"), count),
            **dict.fromkeys(("sign", "wilcoxon"), p_value),
        }
        for name, text in against.items():
            shown["Wilcoxon" if name == "wilcoxon" else name] = text(row[name]) if name in row else ""
        rows.append(shown)
    return rows


def problem_rows(problems: pd.DataFrame, first: str, axis: str) -> list[Row]:
    """The table by problem, as text; best first on each."""
    rows = []
    for _, of_one in problems.groupby("problem", sort=False):
        for row in of_one.sort_values("test", na_position="last", kind="stable").to_dict("records"):
            rows.append(
                {
                    "problem": str(row["problem"]),
                    "": str(row["name"]),
                    "runs": count(row["runs"]) + (f" ({row['failed']} failed)" if row["failed"] else ""),
                    "test": figure(row["test"]),
                    "95 %": f"{figure(row['low'], 3)}..{figure(row['high'], 3)}" if math.isfinite(row["test"]) else "",
                    f"minus {first}": f"{row['difference']:+.3g}" if math.isfinite(row["difference"]) else "",
                    "p": p_value(row["p"]),
                    "Holm": p_value(row["holm"]),
                    "p, runs": p_value(row["p_runs"]),
                    "at target": f"{row['reached']} of {row['runs']}",
                    f"median {axis} to target": figure(row[f"to_target_{axis}"]),
                }
            )
    return rows


def usage_rows(frames: Frames) -> list[Row]:
    """What runs used on each problem, on average, as text."""
    rows = []
    for (problem, name), runs in frames.runs.groupby(["problem", "name"], sort=False):
        used = {axis: figure(runs[axis].mean()) for axis in AXES}
        ran = runs["valid_rate"].mean()
        rows.append({"problem": str(problem), "": str(name), **used, "ran": "" if math.isnan(ran) else f"{ran:.0%}"})
    return rows


def markdown(rows: Sequence[Row]) -> str:
    """A table; all columns but the names are aligned to the right."""
    heads = list(rows[0])
    lines = [heads, ["---" if head in ("", "problem") else "---:" for head in heads]]
    lines += [[row[head].replace("|", "\\|") for head in heads] for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def figure(value: float, digits: int = 4) -> str:
    """A number in short; empty for none."""
    if math.isnan(value):
        return ""
    if math.isinf(value):
        return "∞"
    return f"{value:,.0f}" if abs(value) >= 10**digits else f"{value:.{digits}g}"


def count(value: float) -> str:
    """A whole number; empty for none."""
    return "" if math.isnan(value) else f"{value:.0f}"


def p_value(value: float) -> str:
    """A p value; empty for none."""
    return "" if math.isnan(value) else "< 0.001" if value < 0.001 else f"{value:.2g}"
