"""standings.json of a problem: what its own programs score on every split, for lists and tables that cannot wait.

{"made_by": ..., "date": ..., "python": ..., "train_seconds": ..., "programs": {name: {split: figures}}}.
`evolve problems check --standings` writes it, and `check` without that says where it is no longer true.
"""

from __future__ import annotations

import datetime
import json
import math
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluators.evaluate import Evaluation
from evaluators.problem import Problem, ProblemError
from evolve.figures import split_figures

MADE_BY = "evolve problems check {name} --standings"
TOLERANCE = 1e-4  # relative: other versions of numpy add up in another order
INITIAL = "initial"

Measured = Mapping[str, Mapping[str, Evaluation]]  # by program (`INITIAL`, or a baseline's name) and split


@dataclass(frozen=True)
class Standings:
    """train_seconds: one evaluation of the initial program on train; gaps: mean gap by program and split."""

    train_seconds: float | None
    gaps: Mapping[str, Mapping[str, float]]

    def best(self, split: str) -> tuple[str, float] | None:
        """The baseline with the smallest mean gap on a split."""
        rules = [(gaps[split], name) for name, gaps in self.gaps.items() if name != INITIAL and split in gaps]
        return min(rules)[::-1] if rules else None


def path_of(problem: Problem) -> Path:
    """Where a problem keeps its standings."""
    return problem.folder / "standings.json"


def read(problem: Problem) -> Standings | None:
    """The stored standings; None where there are none. Raises ProblemError for a file that is something else."""
    path = path_of(problem)
    if not path.exists():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        gaps = {
            name: {split: float(figures["gap_mean"]) for split, figures in splits.items()}
            for name, splits in content["programs"].items()
        }
        return Standings(content["train_seconds"], gaps)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ProblemError(
            f"{path}: not a file of standings ({error}); evolve problems check --standings writes it"
        ) from None


def write(problem: Problem, measured: Measured, train_seconds: float | None) -> Path:
    """Store what was measured, all or nothing."""
    programs = {
        name: {split: _figures(split, evaluation) for split, evaluation in splits.items()}
        for name, splits in measured.items()
    }
    lines = [f"  {json.dumps(name)}: {json.dumps(splits)}" for name, splits in programs.items()]
    head = {
        "made_by": MADE_BY.format(name=problem.name),
        "date": datetime.date.today().isoformat(),
        "python": platform.python_version(),
        "train_seconds": train_seconds and float(f"{train_seconds:.2g}"),
    }
    temporary = path_of(problem).with_suffix(".json.new")
    start = json.dumps(head, indent=1)[:-2]
    temporary.write_text(start + ',\n "programs": {\n' + ",\n".join(lines) + "\n }\n}\n", encoding="utf-8")
    os.replace(temporary, path_of(problem))
    return path_of(problem)


def _figures(split: str, evaluation: Evaluation) -> dict[str, Any]:
    figures = split_figures(split, evaluation.results)
    return {
        "instances": figures.instances,
        "gap_mean": _short(figures.gap_mean),
        "gap_ci95": [_short(end) for end in figures.gap_ci95],
    }


def _short(value: float) -> float:
    return float(f"{value:.8g}")


def disagreements(stored: Standings, measured: Measured) -> list[str]:
    """Where stored and measured standings differ, one line each."""
    wrong = [f"{name} is stored, and is no program of the problem" for name in stored.gaps if name not in measured]
    for name, splits in measured.items():
        for split, evaluation in splits.items():
            now, then = evaluation.gap_mean, stored.gaps.get(name, {}).get(split)
            if then is None:
                wrong.append(f"{name} on {split} is not stored")
            elif now is not None and not math.isclose(now, then, rel_tol=TOLERANCE, abs_tol=1e-6):
                wrong.append(f"{name} on {split} is stored with a gap of {then:.6g}, and has {now:.6g}")
    return wrong
