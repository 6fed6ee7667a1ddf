"""Every problem, 300 candidates of the built-in mutator: what does a search without a model find?

    python benchmarks/mutator.py [PROBLEM ...] [--candidates 300] [--seed 0] [--json docs/mutator.json] [--archive FILE]

One row a problem: mean gaps on test of the initial program, the best baseline, the paper's rule and the champion, with
intervals and paired tests. The JSON file is written after each problem; problems in it are not run again unless they
have changed or are named. With --archive the runs are kept, to publish champions from.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from evaluators.problem import Problem, load_problem, problem_names
from evolve.archive import Archive
from evolve.budget import Limits
from evolve.config import read_config
from evolve.display import PlainDisplay
from evolve.figures import against, split_figures
from evolve.session import Ending, conduct, new_run


def main(
    problems: Annotated[list[str] | None, typer.Argument()] = None,
    candidates: int = 300,
    seed: int = 0,
    sandbox: str = "auto",
    output: Annotated[Path, typer.Option("--json")] = Path("docs/mutator.json"),
    kept: Annotated[Path | None, typer.Option("--archive")] = None,
) -> None:
    """Search on each problem, and write the table."""
    rows: dict[str, Any] = json.loads(output.read_text()) if output.exists() else {}
    console = Console(stderr=True)
    for name in problems or problem_names():
        problem = load_problem(name)
        done = rows.get(name, {})
        settings = {"fingerprint": problem.fingerprint, "candidates": candidates, "seed": seed}
        if not problems and settings.items() <= done.items():
            continue
        with tempfile.TemporaryDirectory() as folder, Archive.open(kept or Path(folder) / "run.db") as archive:
            config = read_config(name, None, {"seed": seed, "candidates": candidates, "sandbox": sandbox})
            start = time.perf_counter()
            display = PlainDisplay(f"evolve run {name}", Limits(config.candidates), console)
            ending = asyncio.run(conduct(new_run(config, archive), archive, display))
            rows[name] = settings | _row(ending, archive, problem, time.perf_counter() - start)
        output.write_text(json.dumps(dict(sorted(rows.items())), indent=1) + "\n")
    print(_markdown(rows))


def _row(ending: Ending, archive: Archive, problem: Problem, seconds: float) -> dict[str, Any]:
    """The champion on test, beside the initial program and all baselines."""
    champion = ending.champion
    assert champion is not None
    mine = archive.results(champion.id, "test")  # empty where it fails there
    rules = {}
    for candidate in ending.measured:
        if mine and candidate.id != champion.id and (theirs := archive.results(candidate.id, "test")):
            test = against("test", mine, candidate.name or "", theirs)
            rules[candidate.name or "initial"] = split_figures("test", theirs).as_json() | test.as_json()
    return {
        "run": ending.run.id,
        "strategy": ending.run.config["strategy"],
        "champion": champion.id,
        "program": champion.source,
        "ended": archive.counts(ending.run.id),
        "seconds": round(seconds, 1),
        "scale": problem.evaluator.scale,
        "paper_rule": problem.spec.paper_rule,
        "test": split_figures("test", mine).as_json() if mine else None,
        "rules": rules,
    }


def _markdown(rows: dict[str, Any]) -> str:
    """The table of the documentation."""
    lines = [
        "| problem | initial | best baseline | paper's rule | champion [95 %] | against best baseline | ran | s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, row in sorted(rows.items()):
        if row["test"] is None:
            lines.append(f"| `{name}` | | | | fails on test | | | {row['seconds']:.0f} |")
            continue
        rules = {rule: figures for rule, figures in row["rules"].items() if rule != "initial"}
        best = min(rules, key=lambda rule: rules[rule]["gap_mean"])
        paper = row["paper_rule"]
        low, high = row["test"]["gap_ci95"]
        ended = row["ended"]
        ran = sum(count for status, count in ended.items() if status in ("valid", "duplicate"))
        cells = [
            f"`{name}`",
            f"{row['rules']['initial']['gap_mean']:.4g}" if "initial" in row["rules"] else "is the champion",
            f"{best} {rules[best]['gap_mean']:.4g}",
            f"{paper} {rules[paper]['gap_mean']:.4g}" if paper else "",
            f"**{row['test']['gap_mean']:.4g}** [{low:.4g}, {high:.4g}]",
            f"{rules[best]['difference']:+.3g} (p {_p(rules[best]['p'])})",
            f"{ran} of {sum(ended.values())}",
            f"{row['seconds']:.0f}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.2g}"


if __name__ == "__main__":
    typer.run(main)
