"""One engine serves agent programs: what is held between turns, admitted and let go is asked for (see agent_kv_ttl)."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any

import numpy as np

from evaluators.protocol import EvaluatorBug, Illegal, Outcome
from evaluators.serving import agents
from evaluators.serving.agents import TOOLS, Program
from evaluators.serving.costs import Costs
from evaluators.serving.deciding import selected
from evaluators.serving.drawing import Spell
from evaluators.serving.engine import Engine
from evaluators.serving.iterations import Chunk
from evaluators.serving.kv import Kv
from evaluators.serving.measures import tail_mean
from evaluators.serving.requests import Request, Segment
from evaluators.serving.requests import Sequence as Running

CHUNK = 2048  # tokens of an iteration: what decodes comes first, prefills get the rest
LONGEST_TTL = 86_400.0  # s
DECISION_MS = 0.1  # for which the engine waits where it needs the answer: an order, or what is let go
DURATIONS, WAITS = 50, 20  # how many of the latest are told
TAIL_WEIGHT = 0.1  # of the slowest 5 % of the programs in the cost

Observation = dict[str, Any]
Asking = Generator[Observation, Any, None]


@dataclass(frozen=True)
class Case:
    """Agent programs and the engine that serves them; `capacity` is its KV cache, tokens."""

    programs: Sequence[Program]
    costs: Costs
    capacity: int


def total_cost(seconds: Sequence[float]) -> float:
    """The cost of programs that took so many seconds each."""
    return (1 - TAIL_WEIGHT) * float(np.mean(seconds)) + TAIL_WEIGHT * tail_mean(seconds, 0.95)


@dataclass(eq=False)
class Agent:
    """A program under way. until: how long its cache is held, ms, None if it is not; context: tokens so far; service:
    tokens computed for it so far; called: when its last tool was called, ms; tool: which one; back: it has returned."""

    number: int
    program: Program
    turn: int = 0
    until: float | None = None
    context: int = 0
    service: int = 0
    called: float = 0.0
    tool: int = -1
    back: bool = True

    def key(self, turn: int) -> tuple[int, int]:
        """Of the segment of the cache that a turn leaves."""
        return self.number, turn

    @property
    def held(self) -> int:
        """Tokens that are held for it between turns: the last one that came out is not computed yet."""
        return 0 if self.until is None else self.context - 1


class Serving:
    """The engine, the programs that it serves, and what is known of their tools; it asks, and checks answers."""

    def __init__(self, case: Case, tools: Sequence[int]) -> None:
        self.case = case
        self.engine = Engine(case.costs, Kv(case.capacity))
        self.agents = [Agent(number, program) for number, program in enumerate(case.programs)]
        self.events = [(agent.program.arrival, agent.number) for agent in self.agents]  # a heap: prompts to come
        self.label = {tool: label for label, tool in enumerate(tools)}
        self.durations: list[deque[float]] = [deque(maxlen=DURATIONS) for _ in TOOLS]
        self.waits: deque[float] = deque(maxlen=WAITS)
        self.pinned: dict[int, Agent] = {}  # by number
        self.changed = False  # since the order was asked for
        self.turns = self.seen = 0  # turns that arrived, and those that ended
        self.known = self.hits = self.kept = self.unpinned = 0
        self.spells: list[Spell] = []
        self.decisions: list[Any] = []

    def run(self) -> Generator[Observation, Any, Outcome]:
        """From event to event: prompts arrive, pins end, and between iterations the candidate decides."""
        engine = self.engine
        while True:
            while engine.advance(self._next(), stop_at_finish=True):
                yield from self._ended()
                if engine.due():
                    yield from self._iteration()
            time = self._next()
            if math.isinf(time):
                return self._outcome()
            engine.wait(time)
            self._expire(time)
            while self.events and self.events[0][0] <= time:
                self._arrive(*heappop(self.events))

    def _next(self) -> float:
        """When the next prompt arrives or the next pin ends, ms."""
        return min(self.events[0][0] if self.events else math.inf, self.engine.kv.next_expiry())

    # What happens

    def _arrive(self, time: float, number: int) -> None:
        """The first prompt of a program, or the next one: its tool has returned."""
        agent = self.agents[number]
        turns, k = agent.program.turns, agent.turn
        agent.back = True
        if k:
            self.durations[agent.tool].append(turns[k - 1].seconds)
        if agent.until is not None:  # from now on its cache is held until it is admitted
            self.kept += 1
            self._pin(agent, math.inf)
        prefix = tuple(Segment(agent.key(i), t.new + t.output - (i == 0)) for i, t in enumerate(turns[:k]))
        keep = agent.key(k) if k < len(turns) - 1 else None
        self.engine.receive(
            Request(self.turns, time, agent.context + turns[k].new, turns[k].output, prefix, keep, agent)
        )
        self.turns += 1
        self.changed = True

    def _ended(self) -> Asking:
        """Turns ended: the next tool is called, and the candidate says how long the cache is held."""
        engine = self.engine
        for sequence in engine.finished[self.seen :]:
            self.seen += 1
            agent: Agent = sequence.request.about
            assert sequence.admitted is not None
            self.spells.append(Spell(agent.number, "waits", sequence.request.arrival, sequence.admitted))
            self.spells.append(Spell(agent.number, "served", sequence.admitted, engine.now))
            turn = agent.program.turns[agent.turn]
            agent.context = sequence.request.prompt + turn.output
            agent.service += turn.output
            agent.turn += 1
            self.changed = True
            if turn.tool >= 0:
                back = engine.now + 1000 * turn.seconds
                agent.called, agent.tool, agent.back = engine.now, turn.tool, False
                seconds = _seconds((yield self._about_ttl(agent)))
                self.decisions.append(seconds)
                if seconds:
                    self._pin(agent, engine.now + 1000 * seconds)
                self.spells.append(Spell(agent.number, "tool, held" if seconds else "tool", engine.now, back))
                heappush(self.events, (back, agent.number))

    def _expire(self, now: float) -> None:
        """Pins end: others may use the memory from now on."""
        if self.engine.kv.next_expiry() > now:
            return
        self.engine.kv.expire(now)
        for agent in list(self.pinned.values()):
            if agent.until is not None and agent.until <= now:
                agent.until = None
                del self.pinned[agent.number]
        self.changed = True
        if self.engine.waiting:
            self.engine.interrupt()

    def _pin(self, agent: Agent, until: float) -> None:
        agent.until = until
        self.pinned[agent.number] = agent
        self.engine.kv.pin(agent.key(agent.turn - 1), until)

    def _unpin(self, agent: Agent) -> None:
        agent.until = None
        del self.pinned[agent.number]
        self.engine.kv.unpin(agent.key(agent.turn - 1))

    # What is decided

    def _iteration(self) -> Asking:
        """Between iterations: see that what decodes has room, admit, then decode and prefill up to CHUNK tokens."""
        engine = self.engine
        while engine.decoding and engine.kv.room < len(engine.decoding) and self.pinned:
            yield from self._victim()
        engine.make_room()
        if engine.waiting and (
            not self._running() or (self.changed and min(map(_need, engine.waiting)) <= self._room())
        ):
            yield from self._admit()
        chunks, budget = [], max(1, CHUNK - len(engine.decoding))
        for sequence in engine.prefilling.values():
            if budget:
                chunks.append(Chunk(sequence, min(budget, sequence.left)))
                budget -= chunks[-1].tokens
        if chunks:
            engine.start(chunks)
        elif engine.decoding:
            engine.decode()

    def _admit(self) -> Asking:
        """The candidate orders what waits; it is admitted in that order until one does not fit."""
        engine = self.engine
        waiting = list(engine.waiting)
        order = _order((yield self._about_order(waiting)), len(waiting))
        engine.delay(DECISION_MS)
        self.changed = False
        if not order and not self._running():
            raise Illegal("order: nothing runs, so that at least one of those that wait must be admitted")
        self.decisions.append([waiting[place].request.about.number for place in order])
        for place in order:
            sequence = waiting[place]
            while _need(sequence) > self._room() and not self._running() and self.pinned:
                yield from self._victim()
            if _need(sequence) > self._room():
                break
            self._start(sequence)

    def _start(self, sequence: Running) -> None:
        agent: Agent = sequence.request.about
        pinned, again = agent.until is not None, sequence.admitted is not None
        self.engine.admit(sequence)
        if pinned:
            self._unpin(agent)  # the sequence holds it from now on
        elif agent.turn and not again:
            self.waits.append((self.engine.now - sequence.request.arrival) / 1000)
        agent.service += sequence.left
        if not again:
            self.known += max(0, agent.context - 1)
            self.hits += sequence.hit

    def _victim(self) -> Asking:
        """Held memory must go: the candidate says whose."""
        pinned = list(self.pinned.values())
        place = yield self._about_unpin(pinned)
        self.engine.delay(DECISION_MS)
        if type(place) is not int or not 0 <= place < len(pinned):
            shown = place if type(place) is int else f"a {type(place).__name__}"
            raise Illegal(f"unpin: decide returned {shown}; it must be a position in pinned, 0 to {len(pinned) - 1}")
        self.decisions.append(pinned[place].number)
        self.unpinned += 1
        self._unpin(pinned[place])
        self.changed = True

    def _running(self) -> int:
        return len(self.engine.decoding) + len(self.engine.prefilling)

    def _room(self) -> int:
        """Tokens that can be admitted: everything that runs then has room for one more."""
        return max(0, self.engine.kv.room - self._running() - 1)

    # What the candidate sees

    def _about(self, ask: str) -> Observation:
        kv = self.engine.kv
        return {
            "ask": ask,
            "time": self.engine.now / 1000,
            "capacity": kv.capacity,
            "room": self._room(),
            "held": sum(agent.held for agent in self.pinned.values()),
            "running": self._running(),
            "waits": list(self.waits),
        }

    def _about_ttl(self, agent: Agent) -> Observation:
        waiting = self.engine.waiting
        return {
            **self._about("ttl"),
            "n_waiting": len(waiting),
            "tokens_waiting": sum(map(_need, waiting)),
            "tool": self.label[agent.tool],
            "durations": list(self.durations[agent.tool]),
            "context": agent.context,
            "reload": agents.prefill(self.case.costs, agent.context, 0, CHUNK) / 1000,
            **self._history(agent),
        }

    def _about_order(self, waiting: Sequence[Running]) -> Observation:
        now, kv = self.engine.now, self.engine.kv
        rows = []
        for sequence in waiting:
            agent: Agent = sequence.request.about
            hit = min(kv.hit(sequence.request.prefix), sequence.target - 1)
            row = {
                "pinned": agent.until is not None,
                "waited": (now - sequence.request.arrival) / 1000,
                "need": _need(sequence),
                "prefill": sequence.target - hit,
                "context": sequence.target,
                "preempted": sequence.preemptions,
                **self._history(agent),
            }
            rows.append(row)
        return {**self._about("order"), "waiting": rows}

    def _about_unpin(self, pinned: Sequence[Agent]) -> Observation:
        now = self.engine.now
        rows = [
            {
                "tokens": agent.held,
                "back": agent.back,
                "held_for": (now - agent.called) / 1000,
                "left": 0.0 if agent.back else ((agent.until or now) - now) / 1000,
                "tool": self.label[agent.tool],
                **self._history(agent),
            }
            for agent in pinned
        ]
        return {**self._about("unpin"), "pinned": rows}

    def _history(self, agent: Agent) -> Observation:
        """Of a program: turns so far, s since it arrived, tokens computed for it."""
        age = (self.engine.now - agent.program.arrival) / 1000
        return {"turn": agent.turn, "age": age, "service": agent.service}

    # The end

    def _outcome(self) -> Outcome:
        engine = self.engine
        if engine.waiting or self._running() or self.turns != sum(len(a.program.turns) for a in self.agents):
            raise EvaluatorBug("not all turns were served")
        last = [s for s in engine.finished if s.request.keep is None]
        seconds = [((s.finished or 0.0) - s.request.about.program.arrival) / 1000 for s in last]
        span = engine.now - self.case.programs[0].arrival
        calls = self.turns - len(self.agents)
        metrics = {
            "jct_mean": float(np.mean(seconds)),
            "jct_p50": float(np.quantile(seconds, 0.5)),
            "jct_p95": float(np.quantile(seconds, 0.95)),
            "hit_rate": self.hits / max(1, self.known),
            "held_in_time": self.kept / max(1, calls),
            "unpinned": float(self.unpinned),
            "preemptions": float(sum(s.preemptions for s in engine.finished)),
            "turns_per_s": 1000 * self.turns / span,
        }
        return Outcome(total_cost(seconds), metrics, decisions=self.decisions, trace=lambda: self.spells)


def _need(sequence: Running) -> int:
    """Tokens of memory that a prompt takes: what is held for it is there already, what is only cached may go."""
    agent: Agent = sequence.request.about
    return sequence.target - agent.held


def _seconds(answer: Any) -> float:
    """A time to live in s. Raises Illegal."""
    if type(answer) not in (int, float):
        raise Illegal(f"ttl: decide returned a {type(answer).__name__}; it must return seconds, a number")
    if not 0 <= answer <= LONGEST_TTL:
        raise Illegal(f"ttl: {answer} seconds; a time to live is 0 to {LONGEST_TTL:g} s")
    return float(answer)


def _order(answer: Any, count: int) -> list[int]:
    """Positions in `waiting`, each once at most. Raises Illegal."""
    return selected(answer, range(count), "the answer", "request", "order: ")
