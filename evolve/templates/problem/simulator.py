"""Jobs arrive over time and are processed on identical machines; a late job costs its weight times its tardiness."""

import heapq
import random
from typing import NamedTuple

from evaluators.drawing import Box, Drawing
from evaluators.protocol import Evaluator, Feature, Instance, Labels, Outcome, Reference, Table
from evaluators.ties import smallest

MACHINES = 3


class Job(NamedTuple):
    arrival: int
    p: int
    due: int
    weight: int


class Shop(Evaluator):
    """Whenever a machine is free, the rule says which of the jobs that have arrived starts on it."""

    measure = "weighted tardiness, time units"
    scale = "weighted tardiness above that of the WSPT rule, as a share of the weighted work, %"
    features = (
        Feature("p", "processing time of the job"),
        Feature("due", "due date of the job"),
        Feature("weight", "cost of one time unit of tardiness"),
        Feature("t", "current time: the job would start now", scalar=True),
    )

    def instances(self, split, *, jobs, per_load):
        """`per_load` instances for each load; the load is the share of time that a machine is busy."""
        keys = [(f"PROBLEM_NAME|{split}|{jobs}|{load}|{k}", load) for load in (0.95, 1.05) for k in range(per_load)]
        return [Instance(key, f"load={load}", generate(key, jobs, load)) for key, load in keys]

    def reference(self, instance):
        """What the textbook rule costs on this simulator: weighted shortest processing time first (WSPT)."""
        episode, answer = self.episode(instance, Labels(0, instance)), None
        while True:
            try:
                columns = episode.send(answer).columns
                answer = [p / weight for p, weight in zip(columns["p"], columns["weight"], strict=True)]
            except StopIteration as end:
                return Reference(end.value.cost, "baseline")

    def gap(self, instance, cost, reference):
        """On a scale of its own: a share of the reference would be undefined where no job needs to be late."""
        return 100 * (cost - reference.value) / sum(job.weight * job.p for job in instance.data)

    def episode(self, instance, labels):
        """Play one instance. A rule sees the jobs that have arrived, and nothing of those that have not."""
        jobs = instance.data  # in order of arrival
        free = [(0, machine) for machine in range(MACHINES)]  # when each machine is free, a heap
        waiting, order, starts, arrived, cost = [], [], [], 0, 0
        while len(order) < len(jobs):
            t, machine = free[0]
            if not waiting:
                t = max(t, jobs[arrived].arrival)
            while arrived < len(jobs) and jobs[arrived].arrival <= t:
                waiting.append(arrived)
                arrived += 1
            row = 0
            if len(waiting) > 1:
                columns = {name: [getattr(jobs[j], name) for j in waiting] for name in ("p", "due", "weight")}
                row = smallest((yield Table(columns, {"t": t})), waiting)
            order.append(waiting.pop(row))
            job = jobs[order[-1]]
            starts.append((order[-1], machine, t))
            heapq.heapreplace(free, (t + job.p, machine))
            cost += job.weight * max(0, t + job.p - job.due)
        return Outcome(cost, decisions=order, trace=starts)

    def draw(self, instance, outcome):
        """What a reviewer sees of an outcome: a Gantt chart. It may be left out."""
        lanes = [f"machine {machine}" for machine in range(MACHINES)]
        boxes = [
            Box(start, start + instance.data[j].p, lanes[machine], label=f"job {j}")
            for j, machine, start in outcome.trace
        ]
        return Drawing("time, units of time", "machine", boxes, lanes)


def generate(key, count, load):
    """Random jobs; the same key makes the same jobs in every process."""
    rng = random.Random(key)
    jobs, now = [], 0.0
    for _ in range(count):
        now += rng.expovariate(MACHINES * load / 50)
        p = rng.randint(1, 99)
        jobs.append(Job(int(now), p, int(now + p * rng.uniform(1, 3)), rng.choice((1, 1, 2, 5))))
    return jobs
