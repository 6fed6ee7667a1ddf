"""Inner tuning: better constants for a program, by evaluations alone.

A (1 + 1) evolution strategy with the 1/5 success rule (Rechenberg 1973; Hansen and others, Handbook of Computational
Intelligence, 2015), in the logarithm of each constant: rules have few constants, their cost is piecewise constant in
them, and budgets are small.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from evolve.syntax import constants, with_constants

FIRST_STEP, SMALLEST_STEP = 0.3, 0.01
DIGITS = 3


@dataclass(frozen=True)
class Tuned:
    """The best program found, what it measured (None if nothing valid was), and the evaluations that it took."""

    source: str
    value: float | None
    evaluations: int


def tune(source: str, measure: Callable[[str], float | None], evaluations: int, seed: str) -> Tuned:
    """Minimise `measure` over the constants of a program with at most `evaluations` calls, the program itself first.

    `measure` returns None for a program that fails. The same seed and the same measurements give the same result.
    Raises SyntaxError for a program that does not parse.
    """
    found = constants(source)
    if evaluations < 1:
        return Tuned(source, None, 0)
    rng = random.Random(seed)
    best, best_value = [item.value for item in found], measure(source)
    known = {source}
    step, spent, idle = FIRST_STEP, 1, 0
    best_source = source
    while found and spent < evaluations and idle < 200:
        values = [_step(value, step, rng, item.integer and "def priorit" not in source)
                  for value, item in zip(best, found, strict=True)]  # fmt: skip
        if len(values) > 2 and rng.random() < 0.5:
            kept = rng.randrange(len(values))  # one constant alone
            values = [new if i == kept else old for i, (new, old) in enumerate(zip(values, best, strict=True))]
        trial = with_constants(source, values)
        if trial in known:
            idle += 1
            step *= 1.1
            continue
        known.add(trial)
        idle = 0
        spent += 1
        value = measure(trial)
        if value is not None and (best_value is None or value <= best_value):
            # equal counts as better, so that plateaus are crossed
            step *= math.exp(0.4) if best_value is None or value < best_value else 1.0
            best, best_value, best_source = values, value, trial
        else:
            step = max(SMALLEST_STEP, step * math.exp(-0.1))
    return Tuned(best_source, best_value, spent)


def _step(value: float, step: float, rng: random.Random, integer: bool) -> float:
    new = value * math.exp(step * rng.gauss(0, 1))
    if integer:
        rounded = round(new)
        return float(max(1, rounded if rounded != value or rng.random() < 0.5 else rounded + rng.choice((-1, 1))))
    return float(f"{new:.{DIGITS}g}")
