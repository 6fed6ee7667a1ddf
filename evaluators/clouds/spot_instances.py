"""Can't be late, one region: spot machine, on-demand machine or waiting, slot by slot, under a deadline."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from evaluators.clouds import drawing, spot_zones
from evaluators.clouds.clairvoyant import optimal_cost
from evaluators.clouds.spot_run import ACTIONS, NONE, Job, Machine, Market, Run
from evaluators.drawing import Drawing
from evaluators.protocol import Evaluator, Illegal, Instance, Labels, Outcome, Reference

WORK_HOURS = 48
PRICE_ON_DEMAND, PRICE_SPOT = 3.06, 0.9731  # $/h
MOST = WORK_HOURS * PRICE_ON_DEMAND  # the published scale: 0 is all work on demand and no overhead, 100 all on spot
LEAST = WORK_HOURS * PRICE_SPOT


def score(cost: float) -> float:
    """The published scale of one cost or of a mean cost, 0 to 100, higher is better; not clipped here."""
    return 100 * (MOST - cost) / (MOST - LEAST)


@dataclass(frozen=True)
class Case:
    """A job and the market that it meets."""

    job: Job
    market: Market


class SpotInstances(Evaluator):
    """Each slot a candidate sees the present and answers "none", "spot" or "on_demand"; the guard keeps the deadline.

    Cost is in $ of one run. Slots in which the guard leaves no choice are not asked for.
    """

    headline = ("score",)
    measure = "cost, $"
    scale = "cost above the clairvoyant optimum, %"

    def instances(
        self,
        split: str,
        *,
        zones: Sequence[Sequence[float]],
        slices: Sequence[int],
        deadlines: Sequence[float],
        overheads: Sequence[float],
    ) -> list[Instance]:
        """zones: [availability, cycles, sigma] each, as in `spot_zones.zone`; slices: numbers of slices; deadlines and
        overheads in hours. One run for each combination of the four.

        Every run has samples of its own: runs that shared them could tell each other the future, within one process.
        """
        made = []
        for (index, zone), number, deadline, overhead in product(enumerate(zones), slices, deadlines, overheads):
            cell = f"D={deadline:g} d={overhead:g}"
            key = f"spot|{split}|zone {index}|slice {number}|{cell}"
            availability, cycles, sigma = zone
            up = spot_zones.slice_of(spot_zones.zone(key, availability, int(cycles), sigma), number)
            job = Job.of_hours(WORK_HOURS, deadline, overhead, spot_zones.TICK, PRICE_ON_DEMAND)
            made.append(Instance(key, cell, Case(job, Market([up], [[PRICE_SPOT] * len(up)]))))
        return made

    def reference(self, instance: Instance) -> Reference:
        """The clairvoyant optimum."""
        return Reference(round(optimal_cost(instance.data.job, instance.data.market), 9), "optimal")

    def figures(self, instance: Instance, outcome: Outcome, reference: Reference) -> Mapping[str, float]:
        """score: the published scale. It is linear, so that its mean is the score of the mean cost."""
        return {"score": score(outcome.cost)}

    def episode(self, instance: Instance, labels: Labels) -> Generator[dict[str, Any], Any, Outcome]:
        """One question a slot, and one when the work is done: whatever still runs then is billed one slot more."""
        job: Job = instance.data.job
        run = Run(job, instance.data.market)
        while True:
            run.settle()
            if run.guarded:
                run.choose(run.guard())
                continue
            answer = yield {
                "has_spot": run.up(0),
                "last": run.last.action,
                "elapsed": run.k * job.tick,
                "deadline": job.deadline,
                "work_left": run.work_left,
                "work_total": job.work,
                "overhead": job.overhead,
                "overhead_left": run.overhead_left,
                "tick": job.tick,
                "price_spot": PRICE_SPOT,
                "price_on_demand": job.price_on_demand,
            }
            action = _checked(answer, run)
            done = not run.work_left
            if not done or action != NONE:
                run.choose(Machine(action))
            if done:
                decisions = "".join(machine.action[0] for machine in run.history)
                return Outcome(run.cost, run.metrics(), decisions=decisions, trace=run.stretches)

    def draw(self, instance: Instance, outcome: Outcome) -> Drawing:
        """What runs where, beside the market that it met."""
        return drawing.run(instance.data.job, instance.data.market, outcome.trace())


def _checked(answer: Any, run: Run) -> str:
    if type(answer) is not str:
        raise Illegal(f'slot {run.k}: decide returned a {type(answer).__name__}, not "none", "spot" or "on_demand"')
    if answer not in ACTIONS:
        raise Illegal(f'slot {run.k}: decide returned {answer[:40]!r}; it must be "none", "spot" or "on_demand"')
    return answer
