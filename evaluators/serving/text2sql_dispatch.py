"""HexGen-Text2SQL's decisions: on which of unequal engines a call of a query runs, and which waiting call is next."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, isfinite
from typing import Any

import numpy as np

from evaluators.drawing import Box, Drawing
from evaluators.protocol import EvaluatorBug, Illegal, Instance, Labels, Outcome, Reference
from evaluators.serving import requests, text2sql
from evaluators.serving.cluster import Cluster, admit, run_prompts_first
from evaluators.serving.costs import Costs
from evaluators.serving.drawing import LANES
from evaluators.serving.engine import Engine
from evaluators.serving.links import Links
from evaluators.serving.measures import pace_alone, tail_mean
from evaluators.serving.ratios import LogRatio
from evaluators.serving.requests import Request
from evaluators.serving.text2sql import TRACES, Call, Query, Stage

# Llama-3.1-70B on four GPUs each. A token of a sequence alone takes 35, 58 and 54.5 ms, as published. Prompts: the
# profile of the A100 (costs.py), for the others by their peak (A6000) or assumed to be alike (L40S); keys and values
# by the memory's bandwidth and size.
ENGINES = {
    "a100": Costs(2.0, 33.0, 15.2, 0.158, 4.4e-6, 5.7e-5, 0.02, 327_680, 420_000),
    "a6000": Costs(2.0, 56.0, 25.0, 0.318, 8.9e-6, 1.5e-4, 0.02, 327_680, 69_000),
    "l40s": Costs(2.0, 52.5, 20.0, 0.160, 4.4e-6, 1.35e-4, 0.02, 327_680, 69_000),
}
SLOWEST = 0.9  # the cost is about the slowest tenth of the queries


@dataclass(frozen=True)
class Case:
    """Engines, which need not be alike, the means that are known of each stage, and what arrives."""

    engines: Sequence[Costs]
    stages: Mapping[str, Stage]
    queries: Sequence[Query]


@dataclass(eq=False)
class Progress:
    """A query under way: the step that runs, its calls that have not ended, and when each step began and ended, ms."""

    query: Query
    step: int = -1
    open: int = 0
    spans: list[tuple[float, float]] = field(default_factory=list)

    @property
    def latency(self) -> float:
        """From arrival to the last step's end, ms."""
        return self.spans[-1][1] - self.query.arrival


class Text2SqlDispatch(LogRatio):
    """One question a call, when it is ready: a pair (engine, priority); the least priority is served first there.

    Cost: the latency of a query by its SLO, mean over the tenth of the queries with the largest. Every query ends.
    """

    headline = ("latency_p95", "met")
    measure = "slowest tenth, multiples of the SLO"
    scale = "100 ln(cost / cost of queries alone on the fastest engine)"

    def instances(
        self, split: str, *, queries: int, copies: int, slos: Sequence[float], cells: Sequence[Sequence[Any]]
    ) -> list[Instance]:
        """cells: [trace, GPUs of the engines, queries per s, CV of the times between them]; slos: in s, one a query."""
        made = []
        for k in range(copies):
            for trace, gpus, rate, cv in cells:
                group = f"{trace} {'+'.join(gpus)} rate={rate:g} cv={cv:g}"
                key = f"text2sql|{split}|{group}|{queries}|{k}"
                todo = text2sql.queries(key, trace, rate, queries, cv, [1000 * slo for slo in slos])
                made.append(Instance(key, group, Case([ENGINES[gpu] for gpu in gpus], TRACES[trace], todo)))
        return made

    def reference(self, instance: Instance) -> Reference:
        """Each call alone on the engine that is best for it; no policy can be below."""
        case: Case = instance.data
        alone = [sum(max(_alone(case, call) for call in step) for step in query.steps) for query in case.queries]
        cost = tail_mean([ms / query.slo for ms, query in zip(alone, case.queries, strict=True)], SLOWEST)
        return Reference(round(cost * (1 - 1e-9), 9), "bound")

    def episode(self, instance: Instance, labels: Labels) -> Generator[dict[str, Any], Any, Outcome]:
        """Time goes from arrival to arrival, and to the end of each call. Engines have labels."""
        case: Case = instance.data
        order = labels.permutation("engine", len(case.engines))
        priorities: dict[int, tuple[float, int]] = {}
        cluster = Cluster([Engine(costs) for costs in case.engines], Links(inf), _by_priority(priorities))
        progress = [Progress(query) for query in case.queries]
        owner: dict[int, tuple[int, Call]] = {}  # of each call that began: its query
        decisions: list[tuple[int, float]] = []
        arriving, ended = 0, [0] * len(case.engines)
        while True:
            ready = _ended(cluster, ended, owner, progress)
            while arriving < len(progress) and progress[arriving].query.arrival <= cluster.now:
                ready.append(arriving)
                arriving += 1
            for number in ready:
                for part, call in enumerate(_next(progress[number], cluster.now)):
                    about = _call(case, progress[number], number, part, call, cluster.now)
                    answer = yield about | _engines(case, cluster, order, owner)
                    engine, priority = _checked(answer, f"call {len(decisions) + 1}", len(order))
                    request = Request(len(decisions), cluster.now, call.prompt, call.output)
                    priorities[request.id], owner[request.id] = (priority, request.id), (number, call)
                    decisions.append((order[engine], priority))
                    cluster.dispatch(request, order[engine])
            if arriving == len(progress) and not cluster.busy:
                break
            cluster.run(progress[arriving].query.arrival if arriving < len(progress) else inf, stop_at_finish=True)
        if any(p.open or len(p.spans) < len(p.query.steps) for p in progress):
            raise EvaluatorBug(f"{instance.key}: a query has not ended")
        late = [p.latency / p.query.slo for p in progress]
        waits = [p.latency / 1000 for p in progress]
        metrics = {
            "latency_mean": float(np.mean(waits)),
            "latency_p95": float(np.quantile(waits, 0.95)),
            "met": float(np.mean([ratio <= 1 for ratio in late])),
            "preemptions": float(sum(s.preemptions for s in cluster.finished)),
            "calls": float(len(decisions)),
        }
        return Outcome(tail_mean(late, SLOWEST), metrics, decisions=decisions, trace=progress)

    def draw(self, instance: Instance, outcome: Outcome) -> Drawing:
        """The steps of the queries around the one that is latest for its SLO."""
        every: list[Progress] = outcome.trace
        worst = max(range(len(every)), key=lambda i: every[i].latency / every[i].query.slo)
        start = max(0, min(worst - LANES // 2, len(every) - LANES))
        boxes = [
            Box(begin / 1000, end / 1000, f"query {i}", label=f"query {i}", kind=query.query.steps[step][0].stage)
            for i, query in enumerate(every[start : start + LANES], start)
            for step, (begin, end) in enumerate(query.spans)
        ]
        lanes = [f"query {i}" for i in range(start, min(start + LANES, len(every)))]
        return Drawing("time, s", "query", boxes, lanes)


def _by_priority(priorities: Mapping[int, tuple[float, int]]) -> Callable[[Engine], bool]:
    """vLLM's engine, but that prompts are admitted by priority."""

    def schedule(engine: Engine) -> bool:
        engine.make_room()
        admit(engine, sorted(engine.waiting, key=lambda sequence: priorities[sequence.request.id]))
        return run_prompts_first(engine)

    return schedule


def _ended(
    cluster: Cluster, ended: list[int], owner: Mapping[int, tuple[int, Call]], progress: Sequence[Progress]
) -> list[int]:
    """Queries whose step has ended since the last time, and is not the last one."""
    done = []
    for i, engine in enumerate(cluster.engines):
        for sequence in engine.finished[ended[i] :]:
            number = owner[sequence.request.id][0]
            query = progress[number]
            query.open -= 1
            if not query.open:
                query.spans[-1] = (query.spans[-1][0], sequence.finished or 0.0)
                if len(query.spans) < len(query.query.steps):
                    done.append(number)
        ended[i] = len(engine.finished)
    return sorted(done)


def _next(progress: Progress, now: float) -> Sequence[Call]:
    """The calls of a query's next step, which begins."""
    progress.step += 1
    calls = progress.query.steps[progress.step]
    progress.open = len(calls)
    progress.spans.append((now, inf))
    return calls


def _alone(case: Case, call: Call) -> float:
    """What a call takes alone on the engine that is best for it, ms."""
    request = Request(0, 0.0, call.prompt, call.output)
    return min(
        costs.iteration(0, 0, [(call.prompt, 0)]) + (call.output - 1) * pace_alone(costs, request)
        for costs in case.engines
    )


def _call(case: Case, progress: Progress, number: int, part: int, call: Call, now: float) -> dict[str, Any]:
    """What is known of a call: not its output, nor what its query still needs."""
    query = progress.query
    return {
        "now": now,
        "query": number,
        "stage": call.stage,
        "part": part,
        "parts": progress.open,
        "prompt": call.prompt,
        "age": now - query.arrival,
        "slo": query.slo,
        "revisions": sum(query.steps[step][0].stage == "revise" for step in range(progress.step)),
        "stages": {name: tuple(stage) for name, stage in case.stages.items()},
    }


def _engines(
    case: Case, cluster: Cluster, order: Sequence[int], owner: Mapping[int, tuple[int, Call]]
) -> dict[str, Any]:
    """What is known of the engines; output that is left by the stages' means."""
    engines = [cluster.engines[i] for i in order]

    def left(sequence: requests.Sequence) -> float:
        return max(0.0, case.stages[owner[sequence.request.id][1].stage].output - sequence.generated)

    return {
        "token_ms": [engine.costs.t0 + engine.costs.w for engine in engines],
        "prompt_ms": [engine.costs.l1 for engine in engines],
        "capacity": [engine.kv.capacity for engine in engines],
        "free": [engine.kv.room for engine in engines],
        "waiting": [len(engine.waiting) for engine in engines],
        "running": [len(engine.decoding) + len(engine.prefilling) for engine in engines],
        "prompt_left": [
            sum(s.target for s in engine.waiting) + sum(s.left for s in engine.prefilling.values())
            for engine in engines
        ],
        "output_left": [
            sum(map(left, engine.waiting)) + sum(map(left, (*engine.prefilling.values(), *engine.decoding.values())))
            for engine in engines
        ],
    }


def _checked(answer: Any, where: str, engines: int) -> tuple[int, float]:
    if type(answer) not in (list, tuple) or len(answer) != 2:
        raise Illegal(f"{where}: decide must return a pair (engine, priority), not a {type(answer).__name__}")
    engine, priority = answer
    if type(engine) is not int:
        raise Illegal(f"{where}: the engine is a {type(engine).__name__}; engines are integers")
    if not 0 <= engine < engines:
        raise Illegal(f"{where}: engine {engine} does not exist; engines are numbered 0 to {engines - 1}")
    if type(priority) not in (int, float) or not isfinite(priority):
        raise Illegal(f"{where}: the priority must be a finite number, not {str(priority)[:40]}")
    return engine, float(priority)
