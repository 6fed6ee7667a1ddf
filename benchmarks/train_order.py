"""How well train orders programs: a slice of it against all of it, and all of it against validation.

For every finished run of an archive whose candidates were measured on all of train (`staged = false`):

- slice: Kendall's tau between the mean gaps on the instances of the first stage and on all of train, over the better
  half of the run's valid candidates; with the classes in turn, and in the order that `representative` of
  evaluators/staging.py makes of the initial program and the baselines.
- validation: tau between train and validation, over up to 40 of the valid candidates that are at most twice as bad as
  the best, drawn at random; with the plain mean of train, and with weights of the train instances that predict
  validation (ridge regression towards equal weights, each program predicted from the others).

    python benchmarks/train_order.py ARCHIVE
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections import defaultdict
from statistics import fmean

import numpy as np
import numpy.typing as npt
from scipy.stats import kendalltau

from evaluators.problem import load_problem
from evaluators.staging import representative, stages
from evolve.archive import Archive
from evolve.evaluation import EvaluationPool
from evolve.records import Candidate, Run

PROGRAMS = 40
STRENGTHS = (0.1, 1.0, 10.0)  # of the ridge, in variances of the programs' kernel; the best one is chosen within

Array = npt.NDArray[np.float64]


def tau(one: Array, other: Array) -> float:
    return float(kendalltau(one, other)[0])


def of_slices(groups: list[str], known: Array, found: Array) -> tuple[float, float]:
    """tau of the first stage, with the classes in turn and as known programs order it."""
    orders = [representative(groups), representative(groups, known.tolist())]
    firsts = [stages(groups, order)[0] for order in orders]
    plain, chosen = (tau(found[:, first].mean(axis=1), found.mean(axis=1)) for first in firsts)
    return plain, chosen


def weighted(train: Array, validation: Array) -> Array:
    """Validation of each program as predicted from the others with weights of the instances, the strength of the
    ridge chosen among the others, too."""
    predicted = np.empty(len(train))
    for out in range(len(train)):
        kept = np.arange(len(train)) != out
        inner = {strength: _left_out(train[kept], validation[kept], strength) for strength in STRENGTHS}
        best = max(inner, key=lambda strength: tau(inner[strength], validation[kept]))
        predicted[out] = _ridge(train[kept], validation[kept], train[out], best)
    return predicted


def _left_out(train: Array, validation: Array, strength: float) -> Array:
    rows = range(len(train))
    return np.array(
        [_ridge(np.delete(train, out, 0), np.delete(validation, out), train[out], strength) for out in rows]
    )


def _ridge(train: Array, validation: Array, one: Array, strength: float) -> float:
    """Equal weights, and what the rest of validation says about them."""
    centre = train.mean(axis=0)
    rows, apart = train - centre, one - centre
    rest = (validation - train.mean(axis=1)) - (validation - train.mean(axis=1)).mean()
    kernel = rows @ rows.T
    alpha = np.linalg.solve(kernel + strength * np.trace(kernel) / len(kernel) * np.eye(len(kernel)), rest)
    return float(one.mean() + apart @ rows.T @ alpha)


async def of_run(archive: Archive, run: Run) -> dict[str, float]:
    problem = load_problem(run.folder)
    everyone = archive.candidates_of(run.id)
    valid = [one for one in everyone if one.status == "valid" and one.train is not None]
    gaps = {one.id: np.array([result.gap for result in archive.results(one.id, "train")]) for one in valid}
    groups = [instance.group for instance in problem.instances("train")]
    found = [one for one in valid if one.number > 0]
    known = np.array([gaps[one.id] for one in valid if one.number <= 0])
    better = sorted(found, key=lambda one: one.train or 0.0)[: len(found) // 2]
    plain, chosen = of_slices(groups, known, np.array([gaps[one.id] for one in better]))
    near = drawn(found, run.seed)
    train = np.array([gaps[one.id] for one in near])
    async with EvaluationPool(problem, "process", "warm", 2) as pool:
        measured = await asyncio.gather(*(pool.evaluate(one.source or "", "validation") for one in near))
    runs = [index for index, evaluation in enumerate(measured) if evaluation.gap_mean is not None]
    train, validation = train[runs], np.array([measured[index].gap_mean for index in runs])
    return {
        "programs": len(better),
        "slice, classes in turn": plain,
        "slice, representative": chosen,
        "near programs": len(train),
        "validation, equal weights": tau(train.mean(axis=1), validation),
        "validation, fitted weights": tau(weighted(train, validation), validation),
    }


def drawn(found: list[Candidate], seed: int) -> list[Candidate]:
    """Programs that are near the best one."""
    best = min(one.train or 0.0 for one in found)
    near = [one for one in found if (one.train or 0.0) <= best + max(abs(best), 1.0)]
    return random.Random(seed).sample(near, min(PROGRAMS, len(near)))


def main() -> None:
    archive = Archive.open(sys.argv[1], create=False)
    rows: dict[str, list[dict[str, float]]] = defaultdict(list)
    for run in archive.runs():
        if run.status == "finished":
            rows[run.problem].append(asyncio.run(of_run(archive, run)))
    columns = list(next(iter(rows.values()))[0])
    print("| problem | runs |", " | ".join(columns), "|")
    print("|---|---|" + "---|" * len(columns))
    for problem, of in rows.items():
        figures = [fmean(row[column] for row in of) for column in columns]
        print(f"| `{problem}` | {len(of)} |", " | ".join(f"{figure:.3g}" for figure in figures), "|")


if __name__ == "__main__":
    main()
