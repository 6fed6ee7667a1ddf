"""Splitwise's decision: on which machine a request's prompt is computed, and on which its output is generated."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import inf
from typing import Any

import numpy as np

from evaluators.drawing import Drawing
from evaluators.protocol import EvaluatorBug, Illegal, Instance, Labels, Outcome, Reference
from evaluators.serving import requests
from evaluators.serving.cluster import Cluster, mixed
from evaluators.serving.costs import Costs
from evaluators.serving.drawing import levels
from evaluators.serving.engine import Engine
from evaluators.serving.links import Links
from evaluators.serving.measures import e2e, pace, pace_alone, ttft
from evaluators.serving.ratios import LogRatio
from evaluators.serving.requests import Request
from evaluators.serving.workloads import requests as workload

# Whole-system fits to Mutinifni/splitwise-sim, data/perf_model.csv (MIT), Llama-2-70B on eight GPUs: a prompt takes
# l0 + l1 tokens (mean error 22 and 19 %), a decode iteration w + sequence batch + kv context (2 %), ms.
MACHINES = {
    "h100": Costs(0.0, 29.9, 26.5, 0.0641, 0.0, 1.79e-4, 0.199, 327_680, 1_200_000),
    "a100": Costs(0.0, 44.1, 26.9, 0.153, 0.0, 3.35e-4, 0.190, 327_680, 1_200_000),
}
BANDWIDTH, LATENCY = 250e6, 2.0  # bytes per ms, ms: 25 GB/s, nine tenths of a transfer hidden behind the prefill
SHORTEST = 200.0  # ms that any prompt may take before its slowdown counts
QUANTILES = (0.5, 0.9, 0.99)
TTFT_LIMITS, TBT_LIMITS = (2.0, 3.0, 6.0), (1.25, 1.5, 5.0)  # slowdowns against an idle A100 machine
POWER = 4  # of the mean of the ratios to the limits: near their maximum, and smooth


@dataclass(frozen=True)
class Case:
    """Machines that are alike, and what arrives."""

    machines: int
    costs: Costs
    requests: Sequence[Request]


class PhaseSplitting(LogRatio):
    """One question a request: a pair (prompt machine, token machine), which may be the same one.

    Slowdowns of the time to first token and of the mean time between tokens against an idle A100 machine; the cost is
    the power mean of their P50, P90 and P99, each divided by its limit: about 1 where the objectives are just met.
    """

    headline = ("ttft_p90", "tbt_p90")
    measure = "slowdown, multiples of its limits"
    scale = "100 ln(cost / cost of idle machines)"

    def instances(
        self,
        split: str,
        *,
        machines: int,
        gpu: str,
        loads: Sequence[Sequence[Any]],
        requests: int,
        runs: int,
    ) -> list[Instance]:
        """loads: [source of lengths, requests per s, coefficient of variation of the times between them]."""
        made = []
        for source, rate, cv in loads:
            for k in range(runs):
                key = f"splitting|{split}|{machines} {gpu}|{source}|rate {rate:g}|cv {cv:g}|{k}"
                case = Case(machines, MACHINES[gpu], workload(key, source, rate, requests, cv))
                made.append(Instance(key, f"{source} {rate:g}/s cv={cv:g}", case))
        return made

    def reference(self, instance: Instance) -> Reference:
        """Every request alone on a machine of this kind; no policy can be below."""
        case: Case = instance.data
        waits = [case.costs.iteration(0, 0, [(r.prompt, 0)]) for r in case.requests]
        paces = [pace_alone(case.costs, r) for r in case.requests]
        return Reference(round(_cost(_slowdowns(case.requests, waits, paces)) * (1 - 1e-9), 9), "bound")

    def episode(self, instance: Instance, labels: Labels) -> Generator[dict[str, Any], Any, Outcome]:
        """One question an arrival. Machines have labels; each computes what it is given, prompts with tokens."""
        case: Case = instance.data
        engines = [Engine(case.costs, prefill_only=True) for _ in range(case.machines)]
        cluster = Cluster(engines, Links(BANDWIDTH, LATENCY), mixed)
        order = labels.permutation("machine", case.machines)
        decisions = []
        for request in case.requests:
            cluster.run(request.arrival)
            answer = yield _observation(cluster, order, request)
            prompt, token = (order[i] for i in _pair(answer, request, case.machines))
            decisions.append((prompt, token))
            cluster.dispatch(request, prompt, token)
        cluster.run(inf)
        done = sorted(cluster.finished, key=lambda sequence: sequence.request.id)
        if [s.request.id for s in done] != [r.id for r in case.requests]:
            raise EvaluatorBug(f"{instance.key}: {len(done)} of {len(case.requests)} requests have ended")
        waits, paces = [ttft(s) for s in done], [pace(s) for s in done]
        slowdowns = _slowdowns(case.requests, waits, paces)
        metrics = {
            f"{name}_p{round(100 * q)}": float(np.quantile(values, q))
            for name, values in zip(("ttft", "tbt"), slowdowns, strict=True)
            for q in QUANTILES
        }
        metrics["e2e_mean"] = float(np.mean([e2e(s) for s in done])) / 1000
        metrics["moved_gb"] = cluster.links.moved / 1e9
        return Outcome(_cost(slowdowns), metrics, decisions=decisions, trace=_tracer(done, decisions))

    def draw(self, instance: Instance, outcome: Outcome) -> Drawing:
        """How many outputs are under way on each machine: a step up where a first token is out, down at the end."""
        engines = []
        for machine in range(instance.data.machines):
            mine = [(ready, end) for _, token, _, ready, end in outcome.trace() if token == machine]
            steps = sorted([(ready, 1) for ready, _ in mine] + [(end, -1) for _, end in mine])
            counts = accumulate(step for _, step in steps)
            points = [(time, float(count)) for (time, _), count in zip(steps, counts, strict=True)]
            engines.append([(0.0, 0.0), *points])
        return levels("outputs under way, requests", engines)


def _observation(cluster: Cluster, order: Sequence[int], request: Request) -> dict[str, Any]:
    machines, incoming = [cluster.engines[i] for i in order], cluster.incoming()
    return {
        "now": cluster.now,
        "prompt": request.prompt,
        "capacity": machines[0].kv.capacity,
        "free": [machine.kv.room for machine in machines],
        "prompts": [len(machine.waiting) + len(machine.prefilling) for machine in machines],
        "prompt_tokens": [
            sum(s.target for s in machine.waiting) + sum(s.left for s in machine.prefilling.values())
            for machine in machines
        ],
        "decoding": [len(machine.decoding) for machine in machines],
        "context_tokens": [machine.context for machine in machines],
        "incoming_tokens": [incoming[i] for i in order],
    }


def _pair(answer: Any, request: Request, machines: int) -> tuple[int, int]:
    if type(answer) not in (list, tuple) or len(answer) != 2:
        raise Illegal(f"request {request.id}: decide must return a pair (prompt machine, token machine)")
    for machine in answer:
        if type(machine) is not int:
            raise Illegal(f"request {request.id}: a machine is a {type(machine).__name__}; machines are integers")
        if not 0 <= machine < machines:
            raise Illegal(f"request {request.id}: machine {machine} does not exist; there are 0 to {machines - 1}")
    return answer[0], answer[1]


def _slowdowns(
    requests: Sequence[Request], waits: Sequence[float], paces: Sequence[float]
) -> tuple[list[float], list[float]]:
    """Of first tokens and of the others, against an idle A100 machine."""
    a100 = MACHINES["a100"]
    first_ = [w / max(SHORTEST, a100.iteration(0, 0, [(r.prompt, 0)])) for r, w in zip(requests, waits, strict=True)]
    later = [p / pace_alone(a100, r) for r, p in zip(requests, paces, strict=True) if r.output > 1]
    return first_, later


def _cost(slowdowns: tuple[Sequence[float], Sequence[float]]) -> float:
    ratios = [
        float(np.quantile(values, q)) / limit
        for values, limits in zip(slowdowns, (TTFT_LIMITS, TBT_LIMITS), strict=True)
        for q, limit in zip(QUANTILES, limits, strict=True)
    ]
    return float(np.mean(np.array(ratios) ** POWER) ** (1 / POWER))


def _tracer(
    done: Sequence[requests.Sequence], decisions: Sequence[tuple[int, int]]
) -> Callable[[], list[tuple[int, int, float, float, float]]]:
    """Of each request: its machines, and when it arrives, has its first token and ends, in s."""

    def trace() -> list[tuple[int, int, float, float, float]]:
        return [
            (prompt, token, s.request.arrival / 1000, (s.first_token or 0) / 1000, (s.finished or 0) / 1000)
            for s, (prompt, token) in zip(done, decisions, strict=True)
        ]

    return trace
