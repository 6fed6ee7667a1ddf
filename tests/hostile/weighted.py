"""A tiny evaluator: one machine, jobs that arrive over time, total weighted completion time."""

from __future__ import annotations

import random
from collections.abc import Generator
from typing import Any

from evaluators.protocol import Evaluator, Feature, Illegal, Instance, Labels, Outcome, Reference, Table


class Weighted(Evaluator):
    """Three forms of one problem: `form` is the interface of its problem.toml."""

    features = (Feature("time", "processing time"), Feature("weight", "weight"))

    def __init__(self, form: str) -> None:
        self.form = form

    def instances(self, split: str, **spec: Any) -> list[Instance]:
        made = []
        for k in range(spec["count"]):
            rng = random.Random(f"weighted|{split}|{k}")
            jobs = [
                {"arrival": rng.randrange(30), "time": rng.randint(1, 9), "weight": rng.randint(1, 9)}
                for _ in range(12)
            ]
            made.append(Instance(f"{split}-{k}", "n=12", sorted(jobs, key=lambda job: job["arrival"])))
        return made

    def reference(self, instance: Instance) -> Reference:
        return Reference(1000.0, "baseline")

    def episode(self, instance: Instance, labels: Labels) -> Generator[Any, Any, Outcome]:
        waiting, coming, now, cost = [], list(instance.data), 0, 0
        while waiting or coming:
            while coming and coming[0]["arrival"] <= now:
                waiting.append(coming.pop(0))
            if not waiting:
                now = coming[0]["arrival"]
                continue
            if self.form == "priority":
                columns = {name: [job[name] for job in waiting] for name in ("time", "weight")}
                values = yield Table(columns)
                chosen = values.index(min(values))
            else:
                chosen = yield {"time": now, "jobs": [[job["time"], job["weight"]] for job in waiting]}
                if type(chosen) is not int or not 0 <= chosen < len(waiting):
                    raise Illegal(f"{str(chosen)[:50]!r} is no position in {len(waiting)} jobs")
            job = waiting.pop(chosen)
            now += job["time"]
            cost += job["weight"] * now
        return Outcome(float(cost))

    def question(self, instance: Instance, labels: Labels) -> dict[str, Any]:
        return {name: [job[name] for job in instance.data] for name in ("time", "weight")}

    def verify(self, instance: Instance, answer: Any, labels: Labels) -> Outcome:
        jobs = instance.data
        if type(answer) is not list or any(type(job) is not int for job in answer):
            raise Illegal("the answer is no list of job numbers")
        if sorted(answer) != list(range(len(jobs))):
            raise Illegal("the answer is no permutation of the jobs")
        now, cost = 0, 0
        for job in answer:
            now += jobs[job]["time"]
            cost += jobs[job]["weight"] * now
        return Outcome(float(cost))
