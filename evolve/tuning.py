"""Inner tuning: better constants for a program that survives, by evaluations instead of model calls.

CMA-ES (Hansen, The CMA evolution strategy: a tutorial, 2016; the `cma` package) over the logarithms of the constants
that `syntax.constants` finds. Rules have few of them, and an evaluation is much cheaper than a call.
"""

from __future__ import annotations

import hashlib
import math
import warnings
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evolve.syntax import constants, with_constants

STEP = 0.3  # first standard deviation of a constant's logarithm
MOST = 12  # constants; a program with more is not tuned: the budget would not reach
DIGITS = 3
GAIN = 1e-3  # share of the gap that tuning must win, or the program stays as it was proposed

Measure = Callable[[str], Coroutine[Any, Any, float | None]]


@dataclass(frozen=True)
class Tuned:
    """The best program found, its mean gap, and the evaluations that it took."""

    source: str
    gap: float
    evaluations: int


async def tune(source: str, gap: float, measure: Measure, evaluations: int, seed: str) -> Tuned:
    """Minimise `measure`, a program's mean gap (None if it fails), with at most so many calls of it.

    `gap` is that of the program as it is. The same seed and the same measurements give the same result.
    """
    found = constants(source)
    best = Tuned(source, gap, 0)
    if not 0 < len(found) <= MOST:
        return best
    strategy = _strategy(len(found), seed)
    known: dict[str, float | None] = {source: gap}
    spent = idle = 0
    while spent < evaluations and idle < evaluations and not strategy.stop():
        steps = strategy.ask()
        values = []
        for step in steps:
            trial = with_constants(source, _constants([c.value for c in found], [c.integer for c in found], step))
            if trial not in known and spent < evaluations:
                known[trial] = await measure(trial)
                spent += 1
            else:
                idle += 1
            value = known.get(trial)
            values.append(math.inf if value is None else value)
            if value is not None and value < best.gap:
                best = Tuned(trial, value, spent)
        worst = max((value for value in values if value < math.inf), default=0.0)
        strategy.tell(steps, [value if value < math.inf else worst + abs(worst) + 1.0 for value in values])
    if best.gap > gap - GAIN * abs(gap):
        return Tuned(source, gap, spent)
    return Tuned(best.source, best.gap, spent)


def _constants(first: Sequence[float], integer: Sequence[bool], step: Sequence[float]) -> list[float]:
    moved = [value * math.exp(min(max(by, -5.0), 5.0)) for value, by in zip(first, step, strict=True)]
    return [
        float(max(1, round(value))) if whole else float(f"{value:.{DIGITS}g}")
        for value, whole in zip(moved, integer, strict=True)
    ]


def _strategy(dimensions: int, seed: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it cannot draw pictures
        from cma import CMAEvolutionStrategy

    digest = hashlib.blake2b(seed.encode(), digest_size=4).digest()
    # a generator of its own: the package's is that of the process, which other lives draw from in between
    random = np.random.RandomState(int.from_bytes(digest, "big"))
    options = {"seed": math.nan, "randn": random.randn, "verbose": -9}
    return CMAEvolutionStrategy([0.0] * dimensions, STEP, options)
