"""Can't be late, several regions: which machine, and where, slot by slot, under a deadline."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any

from evaluators.clouds import drawing, spot_markets
from evaluators.clouds.clairvoyant import optimal_cost
from evaluators.clouds.spot_instances import PRICE_ON_DEMAND, WORK_HOURS, Case, score
from evaluators.clouds.spot_run import ACTIONS, NONE, Job, Machine, Run
from evaluators.drawing import Drawing
from evaluators.protocol import Evaluator, Illegal, Instance, Labels, Outcome, Reference


class SpotMultiRegion(Evaluator):
    """Each slot a candidate sees availability and prices of all regions now, and answers (action, region).

    Every slot is billed where and when it runs; starting a machine in another region is a launch like any other. Cost
    is in $ of one run. The run ends with the work. Slots in which the guard leaves no choice are not asked for.
    """

    headline = ("score",)
    measure = "cost, $"
    scale = "cost above the clairvoyant optimum, %"

    def instances(
        self,
        split: str,
        *,
        scenarios: Sequence[Sequence[float]],
        runs: Sequence[int],
        correlation: float,
        deadline: float,
        overhead: float,
    ) -> list[Instance]:
        """`runs[i]` runs of scenario i, which is the availabilities of its regions; deadline and overhead in hours."""
        job = Job.of_hours(WORK_HOURS, deadline, overhead, spot_markets.TICK, PRICE_ON_DEMAND)
        made = []
        for number, (availability, count) in enumerate(zip(scenarios, runs, strict=True)):
            for k in range(count):
                key = f"regions|{split}|scenario {number}|{k}"
                case = Case(job, spot_markets.market(key, availability, correlation))
                mean = sum(availability) / len(availability)
                made.append(Instance(key, f"{len(availability)} regions, {mean:.2f} up", case))
        return made

    def reference(self, instance: Instance) -> Reference:
        """The clairvoyant optimum."""
        return Reference(round(optimal_cost(instance.data.job, instance.data.market), 9), "optimal")

    def figures(self, instance: Instance, outcome: Outcome, reference: Reference) -> Mapping[str, float]:
        """score: the published scale of one region (its anchors are single-region prices)."""
        return {"score": score(outcome.cost)}

    def episode(self, instance: Instance, labels: Labels) -> Generator[dict[str, Any], Any, Outcome]:
        """One question a slot, in labels of regions."""
        job: Job = instance.data.job
        run = Run(job, instance.data.market)
        regions = labels.permutation("region", len(run.market.up))
        label = {region: index for index, region in enumerate(regions)}
        up = [run.market.up[region] for region in regions]
        price = [run.market.price[region] for region in regions]
        while True:
            run.settle()
            if not run.work_left:
                decisions = [(machine.action[0], machine.region) for machine in run.history]
                return Outcome(run.cost, run.metrics(), decisions=decisions, trace=run.stretches)
            if run.guarded:
                run.choose(run.guard())
                continue
            k = run.k
            answer = yield {
                "available": [row[k] for row in up],
                "prices": [row[k] for row in price],
                "last": run.last.action,
                "region": -1 if run.last.action == NONE else label[run.last.region],
                "elapsed": k * job.tick,
                "deadline": job.deadline,
                "work_left": run.work_left,
                "work_total": job.work,
                "overhead": job.overhead,
                "overhead_left": run.overhead_left,
                "tick": job.tick,
                "price_on_demand": job.price_on_demand,
            }
            run.choose(_checked(answer, k, regions))

    def draw(self, instance: Instance, outcome: Outcome) -> Drawing:
        """What runs where, beside the market that it met."""
        return drawing.run(instance.data.job, instance.data.market, outcome.trace())


def _checked(answer: Any, k: int, regions: Sequence[int]) -> Machine:
    """The machine that an answer names, in true indices."""
    if type(answer) not in (list, tuple) or len(answer) != 2:
        shown = f"{len(answer)} items" if type(answer) in (list, tuple) else f"a {type(answer).__name__}"
        raise Illegal(f"slot {k}: decide returned {shown}; it must return a pair (action, region)")
    action, region = answer
    if type(action) is not str or action not in ACTIONS:
        shown = repr(action[:40]) if type(action) is str else f"a {type(action).__name__}"
        raise Illegal(f'slot {k}: the action is {shown}; it must be "none", "spot" or "on_demand"')
    if action == NONE:
        return Machine(NONE)
    if type(region) is not int:
        raise Illegal(f"slot {k}: the region is a {type(region).__name__}; regions are integers")
    if not 0 <= region < len(regions):
        raise Illegal(f"slot {k}: region {region} does not exist; regions are numbered 0 to {len(regions) - 1}")
    return Machine(action, regions[region])
