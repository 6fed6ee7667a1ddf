"""Total tardiness on one machine, 1 || sum T_j (Pinedo, Scheduling, section 3.4): simulator, verifier, instances."""

from __future__ import annotations

import random
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate, product
from typing import Any

from evaluators.answers import listed, numbered
from evaluators.drawing import Drawing
from evaluators.machines.drawing import due_dates
from evaluators.machines.lawler import optimal_tardiness
from evaluators.machines.shop import Operation
from evaluators.protocol import Evaluator, Feature, Illegal, Instance, Labels, Outcome, Reference, Table
from evaluators.ties import smallest

TARDINESS_FACTORS = (0.2, 0.4, 0.6, 0.8)  # TF: the share of jobs that are late if due dates are ignored, roughly
DUE_DATE_RANGES = (0.2, 0.4, 0.6, 0.8, 1.0)  # RDD: how wide due dates spread, as a share of the total work


@dataclass(frozen=True)
class Jobs:
    """Processing times p_j >= 1 and due dates d_j >= 0, integers; every job is available at time 0."""

    p: Sequence[int]
    d: Sequence[int]


class SingleMachineTardiness(Evaluator):
    """The machine is never idle and never interrupted; whenever it is free, one of the remaining jobs starts."""

    headline = ("paper_gap",)
    measure = "total tardiness, units of time"
    scale = "(T - T*) / (n P) x 10^4: mean tardiness above the optimum, as a share of the total work P"
    features = (
        Feature("p", "processing time of the job"),
        Feature("d", "due date of the job"),
        Feature("t", "current time: the job would start now", scalar=True),
        Feature("P_rem", "total processing time of the unscheduled jobs, this one included", scalar=True),
        Feature("p_max", "longest processing time among the unscheduled jobs", scalar=True),
        Feature("p_mean", "mean processing time of the unscheduled jobs", scalar=True, integer=False),
        Feature("n_rem", "number of unscheduled jobs, this one included", scalar=True),
    )

    def instances(
        self, split: str, *, n: Sequence[int], per_class: Sequence[int], processing: str = "uniform"
    ) -> list[Instance]:
        """`per_class[i]` instances of `n[i]` jobs for each of the 20 classes (TF, RDD); processing: see `generate`."""
        return [
            _instance(f"smtt|{split}|{size}|{tf}|{rdd}|{k}", size, tf, rdd, processing)
            for size, count in zip(n, per_class, strict=True)
            for tf, rdd, k in product(TARDINESS_FACTORS, DUE_DATE_RANGES, range(count))
        ]

    def reference(self, instance: Instance) -> Reference:
        """The optimum T*."""
        return Reference(float(optimal_tardiness(instance.data.p, instance.data.d)), "optimal")

    def gap(self, instance: Instance, cost: float, reference: Reference) -> float:
        """(T - T*) / (n P) x 10^4. Bounded, and defined where T* = 0, unlike the papers' (T - T*) / T*."""
        p: Sequence[int] = instance.data.p
        return 1e4 * (cost - reference.value) / (len(p) * sum(p))

    def figures(self, instance: Instance, outcome: Outcome, reference: Reference) -> Mapping[str, float]:
        """paper_gap: (T - T*) / T* in per cent, only where T* > 0, as the literature averages it."""
        if reference.value == 0:
            return {}
        return {"paper_gap": 100.0 * (outcome.cost - reference.value) / reference.value}

    def episode(self, instance: Instance, labels: Labels) -> Generator[Table, list[float], Outcome]:
        """Ask for the priorities of the unscheduled jobs whenever the machine is free and there is a choice."""
        jobs: Jobs = instance.data
        remaining = labels.permutation("job", len(jobs.p))
        p = [jobs.p[j] for j in remaining]
        d = [jobs.d[j] for j in remaining]
        columns = {"p": p, "d": d}
        sequence: list[int] = []
        t, work = 0, sum(p)
        while (count := len(remaining)) > 1:
            scalars = {"t": t, "P_rem": work, "p_max": max(p), "p_mean": work / count, "n_rem": count}
            priorities = yield Table(columns, scalars)
            row = smallest(priorities, remaining)
            sequence.append(remaining.pop(row))
            t += p[row]
            work -= p.pop(row)
            d.pop(row)
        return _outcome(jobs, sequence + remaining)

    def question(self, instance: Instance, labels: Labels) -> dict[str, Any]:
        """Processing times and due dates, in a random order of the jobs."""
        order = labels.permutation("job", len(instance.data.p))
        return {"p": [instance.data.p[j] for j in order], "d": [instance.data.d[j] for j in order]}

    def verify(self, instance: Instance, answer: Any, labels: Labels) -> Outcome:
        """The answer must be a list that holds each of the integers 0 to n - 1 once: the order of processing."""
        n = len(instance.data.p)
        jobs = listed(answer, f"a list of the {n} job indices")
        if len(jobs) != n:
            raise Illegal(f"solve returned {len(jobs)} jobs; the instance has {n}")
        order = labels.permutation("job", n)
        return _outcome(instance.data, [order[job] for job in numbered(jobs, n, "job", "is scheduled twice")])

    def draw(self, instance: Instance, outcome: Outcome) -> Drawing:
        """The sequence, and which jobs are late."""
        return due_dates(instance.data.d, outcome.trace())


def _outcome(jobs: Jobs, sequence: list[int]) -> Outcome:
    """Cost a sequence of true job indices: total tardiness; also the number of tardy jobs and the largest T_j."""
    completions = accumulate(jobs.p[j] for j in sequence)
    lateness = [C - jobs.d[j] for j, C in zip(sequence, completions, strict=True)]
    late = [L for L in lateness if L > 0]
    metrics = {"tardy_jobs": float(len(late)), "T_max": float(max(late, default=0))}
    return Outcome(float(sum(late)), metrics, decisions=sequence, trace=partial(_schedule, jobs, sequence))


def _schedule(jobs: Jobs, sequence: list[int]) -> list[Operation]:
    ends = accumulate(jobs.p[j] for j in sequence)
    return [Operation(j, 0, 0, end - jobs.p[j], end) for j, end in zip(sequence, ends, strict=True)]


def _instance(key: str, n: int, tf: float, rdd: float, processing: str) -> Instance:
    return Instance(key, f"n={n} TF={tf} RDD={rdd}", generate(key, n, tf, rdd, processing))


def generate(key: str, n: int, tf: float, rdd: float, processing: str = "uniform") -> Jobs:
    """Fisher's generator (Mathematical Programming 11, 1976), as in Potts and Van Wassenhove (1982) and after.

    p_j ~ U{1, ..., 100} (uniform) or N(60, 20) rounded, at least 1 (normal); d_j uniform between P (1 - TF - RDD / 2)
    and P (1 - TF + RDD / 2), rounded down and clipped at 0, with P the sum of p. `key` seeds it.
    """
    rng = random.Random(key)
    if processing == "uniform":
        p = [rng.randint(1, 100) for _ in range(n)]
    elif processing == "normal":
        p = [max(1, round(rng.gauss(60, 20))) for _ in range(n)]
    else:
        raise ValueError(f"processing times are 'uniform' or 'normal', not {processing!r}")
    P = sum(p)
    low, high = P * (1 - tf - rdd / 2), P * (1 - tf + rdd / 2)
    return Jobs(p, [max(0, int(rng.uniform(low, high))) for _ in range(n)])
