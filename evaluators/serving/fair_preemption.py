"""Fairness by preemption on one engine: which requests are in GPU memory while priorities change (FastSwitch, 2024).

A policy outside of the engine, such as one for fairness, gives each request a priority and changes it again and again.
Those that are resident make progress; the others wait, with their keys and values in the memory of the host. Bringing
one in and another out costs a transfer, which holds all up. A candidate chooses who is resident. How transfers work is
the same for every candidate: blocks in groups, most of a transfer hidden behind iterations, copies in the host's memory
kept, so that only what is new goes out again.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil, inf, sqrt
from typing import Any

from evaluators.drawing import Drawing
from evaluators.protocol import Illegal, Instance, Labels, Outcome, Reference, chance
from evaluators.serving import workloads
from evaluators.serving.costs import MODELS, Costs, costs
from evaluators.serving.deciding import played, selected
from evaluators.serving.drawing import longest_wait, stays
from evaluators.serving.engine import Engine
from evaluators.serving.iterations import Chunk
from evaluators.serving.measures import figures, tail_mean, ttft
from evaluators.serving.ratios import LogRatio
from evaluators.serving.requests import Request
from evaluators.serving.requests import Sequence as Running

CHUNK = 512  # tokens of an iteration, decodes and prompts together
RESERVE = 16  # tokens of memory that every resident gets beyond what it has
LEVELS = 8  # of priority
DECISION_MS = 0.1
TTFT_TAIL, TBT_TAIL = 0.95, 0.999
REGRET, PENALTY = 0.05, 2  # the regret that is allowed, and the power of what is above
DECISIONS = 40  # a request, at most


@dataclass(frozen=True)
class Transfers:
    """Between GPU and host: `segment` tokens a copy command, of which each layer needs two of 10 us; 26 GB/s; `seen`
    is the share that iterations do not hide."""

    segment: int = 320
    seen: float = 0.2

    def ms(self, tokens: int, layers: int, kv_bytes: int) -> float:
        """How long iterations are held up by a transfer of so many tokens of one request."""
        return self.seen * (ceil(tokens / self.segment) * layers * 2 * 0.01 + tokens * kv_bytes / 26e6)


@dataclass(frozen=True)
class Case:
    """A workload on an engine; priorities change every `period` ms, each with probability `churn`."""

    key: str
    requests: Sequence[Request]
    costs: Costs
    layers: int
    period: float
    churn: float
    transfers: Transfers = Transfers()


class FairPreemption(LogRatio):
    """`decide(obs)` answers the indices of the requests that are to be resident, the most important first.

    Cost, s: the geometric mean of the mean TTFT of the worst 5 % and of the mean of the longest 0.1 % of the times
    between tokens, times (regret / 0.05)^2 where the regret is above 0.05. Regret: how far the lowest priority of a
    resident lies below that of a request that waits, 0 if it is above; the mean over all time that requests wait.
    """

    measure = "cost, s"
    scale = "100 ln(cost / cost of FastSwitch's rule)"
    headline = ("ttft_tail", "tbt_tail", "regret")

    def instances(self, split: str, *, requests: int, copies: int, cells: Sequence[Sequence[Any]]) -> list[Instance]:
        """cells: [source, model, GPU, ms between changes of priority, share of them that change, requests per second,
        CV of their distances] each, played `copies` times with other requests, `requests` of them."""
        made = []
        for k in range(copies):
            for source, model, gpu, period, churn, rate, cv in cells:
                group = f"{source} {model} {gpu} period={period:g} churn={churn:g} rate={rate:g} cv={cv:g}"
                key = f"fair preemption|{split}|{group}|{requests}|{k}"
                todo = workloads.requests(key, source, rate, requests, cv)
                case = Case(key, todo, costs(model, gpu), MODELS[model].layers, period, churn)
                made.append(Instance(key, group, case))
        return made

    def reference(self, instance: Instance) -> Reference:
        """FastSwitch's rule. No prompt is prefilled faster than alone, and no token comes without an iteration."""
        case: Case = instance.data
        alone = [case.costs.iteration(0, 0, [(request.prompt, 0)]) for request in case.requests]
        bound = sqrt(tail_mean(alone, TTFT_TAIL) * case.costs.iteration(1, 0)) / 1000
        return Reference(played(play(case), by_priority).cost, "baseline", round(bound, 9))

    def draw(self, instance: Instance, outcome: Outcome) -> Drawing | None:
        """The requests around the one that waited longest for its first token."""
        return longest_wait(outcome.trace())

    def episode(self, instance: Instance, labels: Labels) -> Generator[dict[str, Any], Any, Outcome]:
        """One question where requests arrive or end, priorities change or memory is short, if not all fit."""
        return play(instance.data)


def by_priority(obs: Mapping[str, Any]) -> list[int]:
    """FastSwitch's rule: the highest priorities, first come, first served among equals."""
    return sorted(range(len(obs["priority"])), key=lambda index: -obs["priority"][index])


class Fairness:
    """An engine whose requests have priorities, and the memory of the host beside it."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.engine = Engine(case.costs)
        self.live: dict[int, Running] = {}  # all that have arrived and not ended, by arrival
        self.host: dict[int, Running] = {}  # those that are out, having begun
        self.copied: dict[int, int] = {}  # tokens that the host has a copy of
        self.priority: dict[int, float] = {}
        self.need: dict[int, int] = {}  # memory of each, as it was measured last
        self.order: list[Running] = []  # of the last answer
        self.swapped, self.stalled = 0, 0.0  # tokens, ms
        self.regret = self.waited = 0.0  # ms
        self._changed: dict[int, int] = {}  # how often each priority was drawn
        self._seen, self._waiting, self._regret = 0.0, 0, 0.0

    def resident(self, request: int) -> bool:
        """Whether it is in the GPU's memory."""
        return request in self.engine.decoding or request in self.engine.prefilling

    def measure(self) -> None:
        """How much memory each needs: for what it has, or all that it must prefill, and the reserve."""
        self.need = {
            i: RESERVE + (sequence.context if sequence.engine else sequence.target) for i, sequence in self.live.items()
        }

    def judge(self) -> None:
        """Of what is decided now: who waits, and with how much regret, until the next decision."""
        held = [0] * LEVELS  # memory of residents by priority
        waiting = []
        for i in self.live:
            if self.resident(i):
                held[int(LEVELS * self.priority[i])] += self.need[i]
            else:
                waiting.append(i)
        room = self.case.costs.capacity - sum(held)
        lowest = next((level / LEVELS for level, tokens in enumerate(held) if tokens), 1.0)
        self._waiting, self._regret = len(waiting), 0.0
        for i in waiting:
            priority = self.priority[i]
            if priority > lowest and room + sum(held[: int(LEVELS * priority)]) >= self.need[i]:
                self._regret += priority - lowest

    def pass_time(self) -> None:
        """Until now, all was as it was judged last."""
        span, self._seen = self.engine.now - self._seen, self.engine.now
        self.waited += span * self._waiting
        self.regret += span * self._regret

    def arrive(self, request: Request) -> None:
        """With a priority, drawn by its number alone."""
        self.live[request.id] = self.engine.receive(request)
        self.copied[request.id] = self._changed[request.id] = 0
        self._draw(request.id)

    def change(self) -> None:
        """Priorities change, those that do."""
        for i in self.live:
            self._changed[i] += 1
            churn = self.case.churn
            if churn >= 1 or chance(self.case.key, "change", i, self._changed[i]) < churn:
                self._draw(i)

    def _draw(self, i: int) -> None:
        self.priority[i] = int(LEVELS * chance(self.case.key, "priority", i, self._changed[i])) / LEVELS

    def end(self) -> bool:
        """Forget those that have ended; whether there were any."""
        ended = [i for i, sequence in self.live.items() if sequence.finished is not None]
        for i in ended:
            del self.live[i], self.copied[i], self.priority[i]
        return bool(ended)

    def fill(self, order: Sequence[Running]) -> None:
        """Make resident what fits, in order: the others out, then those in."""
        engine, room, chosen = self.engine, self.case.costs.capacity, []
        for sequence in order:
            need = self.need[sequence.request.id]
            if need <= room:
                chosen.append(sequence)
                room -= need
        stay = {sequence.request.id for sequence in chosen}
        moved = 0.0
        for sequence in [*engine.decoding.values(), *engine.prefilling.values()]:
            i = sequence.request.id
            if i not in stay:
                engine.remove(sequence)
                self.host[i] = sequence
                moved += self._transfer(sequence.prefilled - self.copied[i])
                self.copied[i] = sequence.prefilled
        for sequence in chosen:
            i = sequence.request.id
            if i in self.host:
                engine.insert(self.host.pop(i))
                moved += self._transfer(sequence.prefilled)
            elif not self.resident(i):
                engine.admit(sequence)
        self.order = chosen
        self.stalled += moved
        engine.delay(moved)

    def _transfer(self, tokens: int) -> float:
        self.swapped += tokens
        return self.case.transfers.ms(tokens, self.case.layers, self.case.costs.kv_bytes)

    def run(self) -> None:
        """The next iterations: decodes, and prompts in order beside them."""
        left, chunks = CHUNK - len(self.engine.decoding), []
        for sequence in self.order:
            if left > 0 and sequence.request.id in self.engine.prefilling:
                chunks.append(Chunk(sequence, min(left, sequence.left)))
                left -= chunks[-1].tokens
        if chunks:
            self.engine.start(chunks)
        else:
            self.engine.decode()


def play(case: Case) -> Generator[dict[str, Any], Any, Outcome]:
    """An episode: runs until the last request has all its tokens."""
    system = Fairness(case)
    engine, todo = system.engine, [*case.requests][::-1]
    tick, asked, changed = case.period, 0, False
    while todo or system.live:
        until = min(todo[-1].arrival if todo else inf, tick)
        while system.live and engine.advance(until, stop_at_finish=True):
            system.pass_time()
            changed |= system.end()
            if not system.live:
                system.judge()
                break
            short = engine.kv.room < len(engine.decoding)
            if short or changed:
                system.measure()
            if short or (changed and any(not system.resident(i) for i in system.live)):
                shown = list(system.live.values())
                answer = yield _observation(system, shown, tick)
                asked += 1
                if asked > DECISIONS * len(case.requests):
                    raise Illegal(f"more than {DECISIONS * len(case.requests)} decisions: requests are moved for ever")
                order = selected(answer, shown, "the answer", "request", f"decision {asked}: ")
                engine.delay(DECISION_MS)
                system.fill(order)
                if not (engine.decoding or engine.prefilling):
                    raise Illegal(f"decision {asked}: nobody is resident, and {len(shown)} requests wait")
            if changed or short:
                system.judge()
            changed = False
            system.run()
        if not system.live:
            engine.wait(until)
        if until == tick:
            tick += case.period
            system.change()
            engine.interrupt()
        else:
            system.arrive(todo.pop())
            engine.interrupt()
        changed = True
    return _outcome(case, system, asked)


def _observation(system: Fairness, shown: Sequence[Running], tick: float) -> dict[str, Any]:
    engine, case = system.engine, system.case
    ids = [sequence.request.id for sequence in shown]
    return {
        "priority": [system.priority[i] for i in ids],
        "tokens": [system.need[i] - RESERVE for i in ids],
        "left": [sequence.left for sequence in shown],
        "generated": [sequence.generated for sequence in shown],
        "resident": [system.resident(i) for i in ids],
        "copied": [system.copied[i] for i in ids],
        "waited": [
            engine.now - (sequence.last_token if sequence.generated else sequence.request.arrival) for sequence in shown
        ],
        "next_change": max(0.0, tick - engine.now),
        "churn": case.churn,
        "capacity": engine.kv.capacity,
        "reserve": RESERVE,
        "transfer_ms": case.transfers.ms(1000, case.layers, case.costs.kv_bytes),
    }


def _outcome(case: Case, system: Fairness, asked: int) -> Outcome:
    engine = system.engine
    first, between = tail_mean(map(ttft, engine.finished), TTFT_TAIL), engine.gaps.tail_mean(TBT_TAIL)
    regret = system.regret / system.waited if system.waited else 0.0
    cost = sqrt(first * between) / 1000 * max(1.0, regret / REGRET) ** PENALTY
    made = figures(engine.finished, engine.gaps)
    shown = {name: made[name] for name in ("ttft_mean", "ttft_p99", "tbt_mean", "tbt_p99", "e2e_mean", "tokens_per_s")}
    shown |= {"ttft_p95": sorted(map(ttft, engine.finished))[ceil(0.95 * len(case.requests)) - 1]}
    shown |= {"ttft_tail": first, "tbt_tail": between, "tbt_p999": engine.gaps.quantile(0.999), "regret": regret}
    shown |= {"swapped": float(system.swapped), "stalled": system.stalled / engine.now, "decisions": float(asked)}
    return Outcome(cost, shown, trace=partial(stays, engine.finished))
