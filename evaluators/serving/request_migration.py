"""Llumnix's decisions: to which engine a request goes, and which decoding requests move to another one, live."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evaluators.drawing import Drawing
from evaluators.protocol import EvaluatorBug, Illegal, Instance, Labels, Outcome, Reference
from evaluators.serving import requests
from evaluators.serving.cluster import MARGIN, Cluster
from evaluators.serving.costs import Costs, costs
from evaluators.serving.drawing import levels
from evaluators.serving.engine import Engine
from evaluators.serving.links import Links
from evaluators.serving.measures import e2e, pace, pace_alone, tail_mean, ttft
from evaluators.serving.ratios import LogRatio
from evaluators.serving.requests import Request
from evaluators.serving.workloads import requests as workload

PERIOD = 200.0  # ms between questions about migrations
SCARCE = 0.25  # of the KV cache: with more than that free everywhere, nothing is asked
BANDWIDTH = 5.6e6  # bytes per ms of an engine's port: 70 % of 8 GB/s
SLOWEST, TOKENS = 0.95, 20  # the cost: what the slowest twentieth of the requests wait for, and how many tokens


@dataclass(frozen=True)
class Case:
    """Engines that are alike, and what arrives."""

    engines: int
    costs: Costs
    requests: Sequence[Request]


class RequestMigration(LogRatio):
    """Two kinds of questions: "dispatch" when a request arrives, "migrate" every 200 ms while memory is short.

    Cost in s: what the slowest 5 % of the requests wait for their first token, and for 20 more at the pace of the
    slowest 5 %. The engines serve first come, first served, whatever a candidate does, and every request ends.
    """

    headline = ("ttft_p99", "tpot_p99")
    measure = "cost, s"
    scale = "100 ln(cost / cost of a cluster without queues and batches)"

    def instances(
        self,
        split: str,
        *,
        engines: int,
        model: str,
        gpu: str,
        lengths: str,
        loads: Sequence[Sequence[float]],
        requests: int,
        runs: int,
    ) -> list[Instance]:
        """loads: [requests per s, coefficient of variation of the times between them]; `runs` instances of each."""
        made = []
        for rate, cv in loads:
            for k in range(runs):
                key = f"migration|{split}|{engines} {gpu}|{lengths}|rate {rate:g}|cv {cv:g}|{k}"
                case = Case(engines, costs(model, gpu), workload(key, lengths, rate, requests, cv))
                made.append(Instance(key, f"{rate:g}/s cv={cv:g}", case))
        return made

    def reference(self, instance: Instance) -> Reference:
        """What each request would take alone on an engine; no policy can be below."""
        case: Case = instance.data
        first = [case.costs.iteration(0, 0, [(r.prompt, 0)]) for r in case.requests]
        paces = [pace_alone(case.costs, r) for r in case.requests]
        return Reference(round(_cost(first, paces) * (1 - 1e-9), 9), "bound")

    def episode(self, instance: Instance, labels: Labels) -> Generator[dict[str, Any], Any, Outcome]:
        """One question an arrival; one every 200 ms while memory is short. Engines have labels."""
        case: Case = instance.data
        cluster = Cluster([Engine(case.costs) for _ in range(case.engines)], Links(BANDWIDTH))
        order = labels.permutation("engine", case.engines)
        label = {engine: index for index, engine in enumerate(order)}
        todo, tick = list(reversed(case.requests)), PERIOD
        decisions: list[Any] = []
        memory: list[list[tuple[float, float]]] = []  # at each tick, of each engine
        while todo or cluster.busy:
            if todo and todo[-1].arrival <= tick:
                request = todo.pop()
                cluster.run(request.arrival)
                answer = yield _observation(cluster, label, order, "dispatch", request.prompt)
                engine = order[_engine(answer, f"{request.arrival:.0f} ms", case.engines)]
                decisions.append(engine)
                cluster.dispatch(request, engine)
                continue
            cluster.run(tick)
            memory.append([(tick / 1000, float(e.kv.capacity - e.kv.room)) for e in cluster.engines])
            if any(engine.decoding and engine.kv.room < SCARCE * engine.kv.capacity for engine in cluster.engines):
                answer = yield _observation(cluster, label, order, "migrate", 0)
                for number, destination in _migrations(answer, f"{tick:.0f} ms", case.engines):
                    try:
                        cluster.migrate(number, order[destination])
                    except Illegal as illegal:
                        raise Illegal(f"{tick:.0f} ms: {illegal}") from None
                    decisions.append((number, order[destination]))
            tick += PERIOD
        done = cluster.finished
        if sorted(s.request.id for s in done) != [r.id for r in case.requests]:
            raise EvaluatorBug(f"{instance.key}: {len(done)} of {len(case.requests)} requests have ended")
        return Outcome(_cost_of(done), _metrics(cluster, done), decisions=decisions, trace=lambda: memory)

    def draw(self, instance: Instance, outcome: Outcome) -> Drawing:
        """The memory in use on each engine, reservations included."""
        used = [list(line) for line in zip(*outcome.trace(), strict=True)]
        return levels("KV cache in use, tokens", used, limit=instance.data.costs.capacity)


def _observation(
    cluster: Cluster, label: Mapping[int, int], order: Sequence[int], event: str, prompt: int
) -> dict[str, Any]:
    engines = [cluster.engines[i] for i in order]
    listed = []
    if event == "migrate":
        for index, engine in enumerate(engines):
            for number, sequence in engine.decoding.items():
                if number not in cluster.moves:
                    generated = sequence.generated
                    listed.append((number, index, sequence.request.prompt + generated - 1, generated))
    return {
        "event": event,
        "now": cluster.now,
        "prompt": prompt,
        "capacity": engines[0].kv.capacity,
        "margin": MARGIN,
        "free": [engine.kv.room for engine in engines],
        "running": [len(engine.decoding) + len(engine.prefilling) for engine in engines],
        "waiting": [len(engine.waiting) for engine in engines],
        "waiting_tokens": [sum(sequence.target for sequence in engine.waiting) for engine in engines],
        "head_tokens": [engine.waiting[0].target if engine.waiting else 0 for engine in engines],
        "requests": listed,
        "moving": [(number, label[m.source], label[m.destination]) for number, m in cluster.moves.items()],
    }


def _engine(answer: Any, when: str, engines: int) -> int:
    if type(answer) is not int:
        raise Illegal(f"{when}: decide returned a {type(answer).__name__} for an engine; engines are integers")
    if not 0 <= answer < engines:
        raise Illegal(f"{when}: engine {answer} does not exist; engines are numbered 0 to {engines - 1}")
    return answer


def _migrations(answer: Any, when: str, engines: int) -> list[tuple[int, int]]:
    if type(answer) not in (list, tuple):
        raise Illegal(f"{when}: decide returned a {type(answer).__name__}, not a list of pairs (request, engine)")
    pairs = []
    for pair in answer:
        if type(pair) not in (list, tuple) or len(pair) != 2 or type(pair[0]) is not int:
            raise Illegal(f"{when}: a migration must be a pair (request, engine) of integers")
        pairs.append((pair[0], _engine(pair[1], when, engines)))
    return pairs


def _cost(first: Sequence[float], paces: Sequence[float]) -> float:
    return (tail_mean(first, SLOWEST) + TOKENS * tail_mean(paces, SLOWEST)) / 1000


def _cost_of(done: Sequence[requests.Sequence]) -> float:
    return _cost([ttft(sequence) for sequence in done], [pace(sequence) for sequence in done])


def _metrics(cluster: Cluster, done: Sequence[requests.Sequence]) -> dict[str, float]:
    """Times to first token and to the end in s, times per output token in ms; preemptions per request."""
    first, paces = [ttft(s) / 1000 for s in done], [pace(s) for s in done]
    return {
        "ttft_p99": float(np.quantile(first, 0.99)),
        "ttft_mean": float(np.mean(first)),
        "tpot_p99": float(np.quantile(paces, 0.99)),
        "tpot_mean": float(np.mean(paces)),
        "e2e_mean": float(np.mean([e2e(s) for s in done])) / 1000,
        "preemptions": sum(s.preemptions for s in done) / len(done),
        "migrations": float(cluster.migrated),
        "migrated_gb": cluster.links.moved / 1e9,
    }
