"""A GPU whose processors are split between prefill and decode, which run side by side (semi-PD, 2025).

Prefill needs arithmetic and gains from nearly each streaming multiprocessor; decode needs bandwidth, for which about
half of them are enough. Memory is shared, so a prompt that is prefilled goes on decoding where it is. A candidate
chooses the share of prefill, once a second; whichever of the two is alone has the whole GPU.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from math import inf, sqrt
from typing import Any

import numpy as np

from evaluators.drawing import Drawing
from evaluators.protocol import Illegal, Instance, Labels, Outcome, Reference
from evaluators.serving import workloads
from evaluators.serving.costs import Costs, costs
from evaluators.serving.deciding import played
from evaluators.serving.drawing import longest_wait, stays
from evaluators.serving.engine import Engine
from evaluators.serving.gaps import Gaps
from evaluators.serving.iterations import Chunk
from evaluators.serving.kv import Kv
from evaluators.serving.measures import figures, ttft
from evaluators.serving.ratios import LogRatio
from evaluators.serving.requests import Request
from evaluators.serving.requests import Sequence as Running

WINDOW_MS = 1000.0  # between questions
PAST = 10  # windows of which arrivals are shown
CHUNK = 2048  # prompt tokens of an iteration
SWITCH_MS = 3.0  # of 15 ms that a new split takes, what cannot be hidden
LEAST, MOST = 10, 90  # per cent
PREFILL_POWER = 0.95  # speed of arithmetic by share of the processors
DECODE_SHARE = 0.45  # that saturates the memory's bandwidth


@dataclass(frozen=True)
class Case:
    """A workload, the costs with the whole GPU, and the targets for TTFT and for the mean time between tokens, ms."""

    requests: Sequence[Request]
    costs: Costs
    ttft: float
    tpot: float


class SmPartition(LogRatio):
    """`decide(obs)` answers the per cent of the processors that prefill gets.

    Cost: root of the mean, over requests, of the square of the worse of TTFT / target and TPOT / target, where TPOT is
    a request's mean time between tokens.
    """

    measure = "cost, multiples of the targets"
    scale = "100 ln(cost / cost of semi-PD's rule)"
    headline = ("attainment", "ttft_mean", "tpot_mean")

    def instances(self, split: str, *, copies: int, cells: Sequence[Sequence[Any]]) -> list[Instance]:
        """cells: [model, GPU, number of GPUs, target of TTFT in ms, of TPOT in ms, [[source, requests per second, CV of
        their distances, seconds], ...]] each, played `copies` times with other requests."""
        made = []
        for k in range(copies):
            for model, gpu, parallel, first, between, phases in cells:
                shown = "+".join(f"{source}*{rate:g}" for source, rate, _, _ in phases)
                group = f"{shown} {model} {parallel}x{gpu} ttft={first:g} tpot={between:g}"
                key = f"sm partition|{split}|{group}|{k}"
                case = Case(mixed(key, phases), costs(model, gpu, parallel), first, between)
                made.append(Instance(key, group, case))
        return made

    def reference(self, instance: Instance) -> Reference:
        """semi-PD's rule. Nothing is faster than a request that has the GPU alone."""
        case: Case = instance.data
        alone = []
        for request in case.requests:
            first = case.costs.iteration(0, 0, [(request.prompt, 0)]) / case.ttft
            alone.append(max(first, case.costs.iteration(1, request.prompt) / case.tpot if request.output > 1 else 0))
        bound = sqrt(float(np.mean(np.square(alone))))
        return Reference(played(play(case), feedback).cost, "baseline", round(bound, 9))

    def draw(self, instance: Instance, outcome: Outcome) -> Drawing | None:
        """The requests around the one that waited longest for its first token."""
        return longest_wait(outcome.trace())

    def episode(self, instance: Instance, labels: Labels) -> Generator[dict[str, Any], Any, Outcome]:
        """One question a second, while there are requests."""
        return play(instance.data)


def mixed(key: str, phases: Sequence[Sequence[Any]]) -> list[Request]:
    """Requests of one source after the other, in order of arrival, numbered from 0."""
    made: list[Request] = []
    start = 0.0
    for k, (source, rate, cv, seconds) in enumerate(phases):
        todo = workloads.requests(f"{key}|{k}", source, rate, max(1, round(rate * seconds)), cv)
        scale = 1000 * seconds / max(todo[-1].arrival, 1000 * seconds)  # bursts that last too long are compressed
        made += [replace(request, arrival=start + scale * request.arrival) for request in todo]
        start += 1000 * seconds
    return [replace(request, id=i) for i, request in enumerate(made)]


def feedback(obs: Mapping[str, Any]) -> int:
    """semi-PD's rule, as far as it is public: processors move to the phase that misses its target more often."""
    late = [waited > obs["ttft_target"] for waited in [*obs["ttft"], *obs["waited"]]]
    slow = [tpot > obs["tpot_target"] for tpot in obs["tpot"]]
    first = sum(late) / len(late) if late else 0.0
    between = sum(slow) / len(slow) if slow else 0.0
    share: int = obs["share"] + (5 if first > between else -5 if between > first else 0)
    return max(40, min(90, share))


@cache
def prefilling(c: Costs, share: int) -> Costs:
    """Costs of prefill with so many per cent of the processors: it is arithmetic that takes longer."""
    slower = (100 / share) ** PREFILL_POWER
    return replace(c, l0=c.l0 * slower, l1=c.l1 * slower, attention=c.attention * slower)


@cache
def decoding(c: Costs, share: int) -> Costs:
    """Costs of decode where prefill has so many per cent: all takes longer once bandwidth is not saturated."""
    slower = max(1.0, 100 * DECODE_SHARE / (100 - share))
    return replace(c, w=c.w * slower, l0=c.l0 * slower, l1=c.l1 * slower, kv=c.kv * slower)


class Partition:
    """Two engines with one memory: one prefills, the other decodes."""

    def __init__(self, case: Case) -> None:
        self.case = case
        kv = Kv(case.costs.capacity)
        self.prefill, self.decode = Engine(case.costs, kv, prefill_only=True), Engine(case.costs, kv)
        self.share = 50
        self.switching = {"prefill": 0.0, "decode": 0.0}  # ms by which the next iteration of each is late
        self.firsts: list[Running] = []  # that got their first token, in order
        self._shared = False  # whether both run

    def costs(self, prefill: bool) -> Costs:
        """Of an iteration of one of them, which has its share, or all if the other is idle."""
        if not self._shared:
            return self.case.costs
        return prefilling(self.case.costs, self.share) if prefill else decoding(self.case.costs, self.share)

    def next_event(self) -> float:
        """When something ends, ms."""
        return min(self.prefill.next_event(), self.decode.next_event())

    def advance(self, time: float) -> None:
        """Let time pass; what is prefilled by then begins to decode."""
        self.prefill.advance(time)
        self.decode.advance(time)
        for sequence in [*self.prefill.prefilled]:
            if not sequence.preemptions:
                self.firsts.append(sequence)
            self.prefill.remove(sequence)
            self.decode.insert(sequence, at=time)

    def change(self, share: int) -> None:
        """A new split, from the next iteration of each on."""
        if share != self.share:
            self.share = share
            self.switching = {"prefill": SWITCH_MS, "decode": SWITCH_MS}
            self.decode.interrupt()

    def run(self, time: float) -> None:
        """Start whatever is idle and has work."""
        chunks = [] if self.prefill.busy else self._chunks(time)
        if not self.decode.busy and self.decode.decoding:
            self.decode.wait(time)
            self.decode.make_room()
            for sequence in self.decode.waiting:
                insort(self.prefill.waiting, sequence, key=lambda each: (each.request.arrival, each.request.id))
            self.decode.waiting.clear()
        shared = (self.prefill.busy or bool(chunks)) and bool(self.decode.decoding)
        if shared != self._shared:
            self._shared = shared
            self.decode.interrupt()
        if chunks:
            self.prefill.costs = self.costs(prefill=True)
            self.prefill.delay(self.switching["prefill"])
            self.prefill.start(chunks)
            self.switching["prefill"] = 0.0
        if not self.decode.busy and self.decode.decoding:
            self.decode.costs = self.costs(prefill=False)
            self.decode.delay(self.switching["decode"])
            self.decode.decode()
            self.switching["decode"] = 0.0

    def _chunks(self, time: float) -> list[Chunk]:
        """Prompts first come, first served; a new one leaves room for a token of each that decodes."""
        engine, left, chunks = self.prefill, CHUNK, []
        engine.wait(time)
        for sequence in [*engine.prefilling.values(), *engine.waiting]:
            if not left:
                break
            if sequence.request.id not in engine.prefilling:
                if engine.kv.room < sequence.target + len(self.decode.decoding):
                    break
                engine.admit(sequence)
            chunks.append(Chunk(sequence, min(left, sequence.left)))
            left -= chunks[-1].tokens
        return chunks


def play(case: Case) -> Generator[dict[str, Any], Any, Outcome]:
    """An episode: runs until the last request has all its tokens."""
    system = Partition(case)
    prefill, decode = system.prefill, system.decode
    todo = [*case.requests][::-1]
    tick, asked, firsts, ends = WINDOW_MS, 0, 0, 0
    arrived = [0]  # prompt tokens, by window
    while todo or prefill.waiting or prefill.prefilling or decode.decoding:
        time = min(todo[-1].arrival if todo else inf, tick, system.next_event())
        system.advance(time)
        while todo and todo[-1].arrival <= time:
            arrived[-1] += todo[-1].prompt
            prefill.receive(todo.pop())
        if time == tick:
            tick += WINDOW_MS
            if prefill.waiting or prefill.prefilling or decode.decoding:
                answer = yield _observation(system, time, firsts, ends, arrived[-PAST:])
                asked += 1
                system.change(_checked(answer, f"decision {asked}: "))
            firsts, ends = len(system.firsts), len(decode.finished)
            arrived.append(0)
        system.run(time)
    return _outcome(case, system, asked)


def _observation(system: Partition, time: float, firsts: int, ends: int, arrived: list[int]) -> dict[str, Any]:
    case, prefill, decode, c = system.case, system.prefill, system.decode, system.case.costs
    queue = [*prefill.prefilling.values(), *prefill.waiting]
    return {
        "share": system.share,
        "ttft_target": case.ttft,
        "tpot_target": case.tpot,
        "ttft": [ttft(sequence) for sequence in system.firsts[firsts:]],
        "tpot": [tpot(sequence) for sequence in decode.finished[ends:]],
        "arrived": arrived,
        "waited": [time - (each.last_token if each.generated else each.request.arrival) for each in queue],
        "left": [sequence.left for sequence in queue],
        "decoding": len(decode.decoding),
        "context": decode.context,
        "kv_room": prefill.kv.room,
        "kv_capacity": prefill.kv.capacity,
        "costs": c.constants(),
    }


def tpot(sequence: Running) -> float:
    """Mean time between the tokens of a request that has ended, 0 if it has but one."""
    assert sequence.first_token is not None
    assert sequence.finished is not None
    return (sequence.finished - sequence.first_token) / max(1, sequence.request.output - 1)


def _checked(answer: Any, where: str) -> int:
    if type(answer) is not int or not LEAST <= answer <= MOST:
        raise Illegal(
            f"{where}decide returned {str(answer)[:40]}; expected an integer from {LEAST} to {MOST}, per cent"
        )
    return answer


def _outcome(case: Case, system: Partition, asked: int) -> Outcome:
    done = sorted([*system.prefill.finished, *system.decode.finished], key=lambda sequence: sequence.request.id)
    worse = np.array([max(ttft(sequence) / case.ttft, tpot(sequence) / case.tpot) for sequence in done])
    gaps = Gaps()
    gaps.add_all(system.prefill.gaps)
    gaps.add_all(system.decode.gaps)
    made = figures(done, gaps)
    shown = {name: made[name] for name in ("ttft_mean", "ttft_p99", "tbt_p99", "e2e_mean", "tokens_per_s")}
    shown |= {"tpot_mean": float(np.mean([tpot(sequence) for sequence in done]))}
    shown |= {"attainment": float(np.mean(worse <= 1)), "decisions": float(asked)}
    return Outcome(float(np.sqrt(np.mean(worse**2))), shown, trace=partial(stays, done))
