"""Learning-rate schedules: one multiplier a step, judged by the loss that training ends with at its best base rate."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

import numpy as np

from evaluators.answers import listed, plain
from evaluators.drawing import Drawing, Line
from evaluators.learning.training import Array, Logistic, Network, Quadratic, Task
from evaluators.protocol import Evaluator, EvaluatorBug, Illegal, Instance, Labels, Outcome, Reference, chance

BASE_RATES = 12
POINTS, SCHEDULE_POINTS = 25, 1000  # of drawings: losses, learning rates
RANGES = {"quadratic": (0.01, 2.0), "logistic": (0.1, 30.0), "network": (0.01, 3.0)}  # of base rates


@dataclass(frozen=True)
class Training:
    """A task, the base rates that a schedule is tried with, and whether its number of steps is a small one."""

    task: Task
    base_rates: tuple[float, ...]
    budget: str


class LearningRate(Evaluator):
    """`solve` returns T multipliers in [0, 1]; divided by the largest, they are tried with 12 base rates, and the best
    of the 12 final losses counts. So neither the scale of a schedule nor a lucky base rate can win anything."""

    measure = "loss"
    scale = "100 ln(loss / loss of linear decay): about per cent; below 0 is better than linear decay"
    headline = ("low_budget", "high_budget")

    def instances(
        self,
        split: str,
        *,
        tasks: Sequence[str],
        steps: Sequence[Sequence[int]],
        powers: Sequence[float] = (),
        repeat: int = 1,
        jitter: bool = True,
    ) -> list[Instance]:
        """Instances of each task, "quadratic", "logistic" or "network", for each of its numbers of steps.

        steps: one ascending list of at least two a task. powers: the quadratic is made once for each exponent of its
        spectrum; the other tasks are made `repeat` times. jitter: draws T within 10 % of the given number, and shifts
        the grid of base rates by up to half a step of it, so that neither can be known beforehand.
        """
        made = []
        for kind, budgets in zip(tasks, steps, strict=True):
            half = len(budgets) // 2
            for T, version in product(budgets, powers if kind == "quadratic" else range(repeat)):
                budget = "low" if T in budgets[:half] else "high" if T in budgets[-half:] else "middle"
                made.append(_instance(f"lr|{split}|{kind}|{T}|{version}", kind, T, version, budget, jitter))
        return made

    def reference(self, instance: Instance) -> Reference:
        """The loss of linear decay, and for the quadratic a proven lower bound."""
        training: Training = instance.data
        losses = _losses(training, _linear(training.task.T))
        return Reference(float(losses.min()), "baseline", training.task.bound)

    def gap(self, instance: Instance, cost: float, reference: Reference) -> float:
        """100 ln(loss / loss of linear decay)."""
        return 100.0 * math.log(cost / reference.value)

    def figures(self, instance: Instance, outcome: Outcome, reference: Reference) -> Mapping[str, float]:
        """low_budget, high_budget: the gap, where T is in the lower or upper half of the task's numbers of steps."""
        budget: str = instance.data.budget
        return {} if budget == "middle" else {f"{budget}_budget": self.gap(instance, outcome.cost, reference)}

    def question(self, instance: Instance, labels: Labels) -> dict[str, Any]:
        """T, and the gradient norms of an earlier run (linear decay at its best base rate), divided by their mean."""
        training: Training = instance.data
        return {"T": training.task.T, "grad_norms": list(_earlier_norms(training))}

    def verify(self, instance: Instance, answer: Any, labels: Labels) -> Outcome:
        """The answer must be a list or array of T numbers in [0, 1], not all 0."""
        training: Training = instance.data
        multipliers = _checked(answer, training.task.T)
        losses = _losses(training, np.array(multipliers))
        best = int(losses.argmin())
        if not math.isfinite(losses[best]):
            raise EvaluatorBug(f"{instance.key}: training diverges at every base rate")
        # a base rate at the end of the grid says that the grid should be longer
        metrics = {"at_end_of_grid": float(best in (0, BASE_RATES - 1))}
        return Outcome(float(losses[best]), metrics, decisions=multipliers, trace=losses.tolist())

    def draw(self, instance: Instance, outcome: Outcome) -> Drawing:
        """The schedule, and how the loss falls with it, at the base rate that counts (the trace holds the losses)."""
        task, T = instance.data.task, instance.data.task.T
        shape = _shape(np.array(outcome.decisions))
        after = np.unique(np.linspace(0, T, min(POINTS, T + 1)).round().astype(int))  # steps
        rates = instance.data.base_rates[int(np.argmin(outcome.trace))] * shape
        # a run that goes on at rate 0 stays where it is: so one batch of runs tells the losses at all these steps
        losses = task.losses(np.where(np.arange(T)[:, None] < after, rates[:, None], 0.0))
        every = math.ceil(T / SCHEDULE_POINTS)
        lines = [
            Line("learning rate", [(t, float(shape[t])) for t in range(0, T, every)], stepped=True),
            Line("loss", [(int(t), float(loss / losses[0])) for t, loss in zip(after, losses, strict=True)]),
        ]
        return Drawing(
            "time, steps", "learning rate and loss, shares of the largest rate and of the first loss", lines=lines
        )


def _checked(answer: Any, T: int) -> list[float]:
    answer = listed(plain(answer, "iuf", f"{T} numbers", "solve returned "), f"a list of {T} multipliers")
    if len(answer) != T:
        raise Illegal(f"solve returned {len(answer)} multipliers; T is {T}")
    for t, multiplier in enumerate(answer):
        if type(multiplier) not in (float, int):
            raise Illegal(f"the multiplier of step {t} is a {type(multiplier).__name__}; it must be a number")
        if not 0 <= multiplier <= 1:
            raise Illegal(f"the multiplier of step {t} is {multiplier}; it must be between 0 and 1")
    if not any(answer):
        raise Illegal("all multipliers are 0; at least one must be positive")
    return [float(multiplier) for multiplier in answer]


def _losses(training: Training, multipliers: Array) -> Array:
    return training.task.losses(np.outer(_shape(multipliers), training.base_rates))


def _shape(multipliers: Array) -> Array:
    # 12 decimals, so that a schedule written in another way, or at another scale, has the very same loss
    shape: Array = np.round(multipliers / multipliers.max(), 12)
    return shape


def _linear(T: int) -> Array:
    return 1.0 - np.arange(T) / T


@cache
def _earlier_norms(training: Training) -> tuple[float, ...]:
    linear = _linear(training.task.T)
    best = training.base_rates[int(_losses(training, linear).argmin())]
    norms = training.task.gradient_norms(best * linear)
    return tuple((norms / norms.mean()).tolist())


def _instance(key: str, kind: str, T: int, version: float, budget: str, jitter: bool) -> Instance:
    if kind not in RANGES:
        raise ValueError(f"a task is one of {', '.join(RANGES)}, not {kind!r}")
    low, high = RANGES[kind]
    rates = np.geomspace(low, high, BASE_RATES)
    if jitter:
        T = round(T * (0.9 + 0.2 * chance(key, "T")))
        rates *= (high / low) ** ((chance(key, "base rates") - 0.5) / (BASE_RATES - 1))
    group = f"{kind} power={version} {budget}" if kind == "quadratic" else f"{kind} {budget}"
    task: Task = Quadratic(T, version)
    if kind != "quadratic":
        task = Logistic(T, key) if kind == "logistic" else Network(T, key)
    return Instance(key, group, Training(task, tuple(rates.tolist()), budget))
