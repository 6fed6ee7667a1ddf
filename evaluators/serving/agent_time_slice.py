"""Time slices on one core of a language model: whose call runs next, and for how long (AIOS, arXiv:2403.16971).

The core computes one call at a time, without batching. A call that is stopped before its end is saved to the host's
memory, and restored when it runs again; both take the time of its keys and values over PCIe.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from math import inf
from typing import Any

import numpy as np

from evaluators.answers import keyed
from evaluators.drawing import Drawing
from evaluators.protocol import EvaluatorBug, Illegal, Instance, Labels, Outcome, Reference
from evaluators.serving.agent_calls import KINDS, Call, Caller, callers
from evaluators.serving.agent_serving import total_cost
from evaluators.serving.costs import Costs, costs
from evaluators.serving.deciding import played
from evaluators.serving.drawing import Spell, programs
from evaluators.serving.engine import Engine
from evaluators.serving.iterations import Chunk
from evaluators.serving.ratios import LogRatio
from evaluators.serving.requests import Request
from evaluators.serving.requests import Sequence as Running

PCIE_BYTES_PER_MS = 26e6
SHORTEST, LONGEST = 0.2, 86_400.0  # s of a slice
DECISION_MS = 0.1
PAST = 50  # answers of each kind of which the lengths are told

Observation = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """Agents, and the core that they share."""

    callers: Sequence[Caller]
    costs: Costs


@dataclass(eq=False)
class Todo:
    """A call that has arrived. since: when it arrived or ran last, ms; served: for how long it ran, ms; running: what
    the engine made of it when it ran first."""

    caller: int
    turn: int
    call: Call
    arrival: float
    since: float
    served: float = 0.0
    running: Running | None = None

    @property
    def context(self) -> int:
        """Tokens of keys and values that it has."""
        return self.running.context if self.running else 0


class AgentTimeSlice(LogRatio):
    """`decide(obs)` answers {"next": index of a call, "slice": s}, when the core is free or a slice has ended.

    Cost: 0.9 of the mean time in s from a call's arrival to its end, and 0.1 of the mean over the slowest 5 %.
    """

    measure = "cost, s"
    scale = "100 ln(cost / cost of round robin with slices of 1 s)"
    headline = ("call_mean", "call_p90")

    def instances(
        self,
        split: str,
        *,
        rates: Sequence[float],
        repeats: int,
        agents: int,
        model: str = "llama-2-7b",
        gpu: str = "a100",
        parallel: int = 1,
        cv: float = 1.0,
        longer: float = 1.0,
    ) -> list[Instance]:
        """`repeats` instances of `agents` agents at each rate (a second).

        model, gpu, parallel: as in `costs.costs`; cv, longer: as in `agent_calls.callers`.
        """
        made = []
        for rate in rates:
            for k in range(repeats):
                key = f"time slices|{split}|{rate:g} a second|{k}"
                case = Case(callers(key, rate, agents, cv, longer), costs(model, gpu, parallel))
                made.append(Instance(key, f"{rate:g} agents/s", case))
        return made

    def reference(self, instance: Instance) -> Reference:
        """Round robin with slices of 1 s; no call takes less than alone on the core."""
        case: Case = instance.data
        value = played(Core(case, range(len(KINDS))).run(), round_robin).cost
        seconds = [alone(case.costs, call) / 1000 for caller in case.callers for call in caller.calls]
        return Reference(round(value, 9), "baseline", round(total_cost(seconds), 9) - 1e-9)

    def episode(self, instance: Instance, labels: Labels) -> Generator[Observation, Any, Outcome]:
        """One question whenever a call can begin or go on, and another one could instead."""
        return Core(instance.data, labels.permutation("kind", len(KINDS))).run()

    def draw(self, instance: Instance, outcome: Outcome) -> Drawing:
        """What each agent does over time: its call waits or runs, or its tool does."""
        slices = [4 * len(caller.calls) for caller in instance.data.callers]
        return programs(outcome.trace(), slices)


def round_robin(obs: Observation) -> dict[str, Any]:
    """AIOS: the call that has not run for longest, for 1 s."""
    idle = obs["idle"]
    return {"next": max(range(len(idle)), key=lambda i: idle[i]), "slice": 1.0}


def alone(c: Costs, call: Call) -> float:
    """How long a call takes by itself, ms."""
    steps = call.output - 1  # one token comes out of the prefill
    decodes = steps * c.iteration(1, call.prompt) + c.kv * steps * (steps - 1) / 2
    return c.iteration(0, 0, [(call.prompt, 0)]) + decodes


class Core:
    """The engine, with one call in it at most; it asks, and checks answers."""

    def __init__(self, case: Case, kinds: Sequence[int]) -> None:
        self.case = case
        self.engine = Engine(case.costs)
        self.label = {kind: label for label, kind in enumerate(kinds)}
        self.events = [(caller.arrival, number, 0) for number, caller in enumerate(case.callers)]
        heapify(self.events)  # calls to come: time, agent, which of its calls
        self.queue: list[Todo] = []  # calls that have arrived, but for the one in the core
        self.current: Todo | None = None
        self.begins = self.ends = 0.0  # of the slice under way, ms
        self.past: list[deque[int]] = [deque(maxlen=PAST) for _ in KINDS]  # by label
        self.finished: list[Todo] = []
        self.asked = self.begun = self.restored = 0
        self.spells: list[Spell] = []

    def run(self) -> Generator[Observation, Any, Outcome]:
        """From event to event: calls arrive and end, and so do slices."""
        engine = self.engine
        while self.events or self.queue or self.current:
            arrival = self.events[0][0] if self.events else inf
            if self.current and (engine.busy or not self.queue or engine.now < self.ends):
                self._pass(arrival)
            elif self.queue:
                yield from self._choose()
            else:
                engine.wait(arrival)
                self._receive(arrival)
        return self._outcome()

    def _pass(self, arrival: float) -> None:
        """Let the call run until another one arrives, it ends, or its slice does, with the token under way."""
        engine, ended = self.engine, len(self.engine.finished)
        time = min(arrival, self.ends) if self.queue else arrival
        engine.advance(time, stop_at_finish=True)
        if len(engine.finished) == ended and arrival > time and engine.busy:
            engine.interrupt()
            time = engine.next_event()
            engine.advance(time, stop_at_finish=True)
            engine.due()
        if len(engine.finished) > ended:
            time = engine.now
            self._end()
        self._receive(time)

    def _receive(self, time: float) -> None:
        """The calls that arrive until a time."""
        while self.events and self.events[0][0] <= time:
            arrival, number, turn = heappop(self.events)
            self.queue.append(Todo(number, turn, self.case.callers[number].calls[turn], arrival, arrival))

    def _end(self) -> None:
        """The call in the core has ended; its agent's tool runs, and then the next call arrives."""
        todo, now = self.current, self.engine.now
        assert todo is not None
        self._ran(todo)
        self.finished.append(todo)
        caller = self.case.callers[todo.caller]
        self.past[self.label[caller.kind]].append(todo.call.output)
        if todo.turn + 1 < len(caller.calls):
            back = now + 1000 * todo.call.seconds
            self.spells.append(Spell(todo.caller, "tool", now, back))
            heappush(self.events, (back, todo.caller, todo.turn + 1))
        self.current = None

    def _ran(self, todo: Todo) -> None:
        """A call has run from the beginning of its slice until now."""
        now = self.engine.now
        self.spells += [
            Spell(todo.caller, "waits", todo.since, self.begins),
            Spell(todo.caller, "runs", self.begins, now),
        ]
        todo.served += now - self.begins
        self.begins = todo.since = now

    def _choose(self) -> Generator[Observation, Any, None]:
        """The candidate says which call runs now, and for how long."""
        engine, loaded = self.engine, self.current
        if loaded:
            self._ran(loaded)
        rows = sorted([*self.queue, *([loaded] if loaded else [])], key=lambda todo: (todo.arrival, todo.caller))
        answer = yield self._observation(rows)
        self.asked += 1
        place, seconds = _checked(answer, len(rows), f"decision {self.asked}: ")
        todo, ms = rows[place], DECISION_MS
        if todo is not loaded:
            if loaded and loaded.running:
                ms += self._transfer(loaded)
                engine.remove(loaded.running)
                self.queue.append(loaded)
            self.queue.remove(todo)
            ms += self._transfer(todo)
        engine.delay(ms)
        self.begins = engine.now + ms
        self.ends = self.begins + 1000 * seconds
        if todo is not loaded:
            self._load(todo)

    def _load(self, todo: Todo) -> None:
        engine = self.engine
        if todo.running:
            self.restored += 1
            engine.insert(todo.running)
        else:
            request = Request(self.begun, todo.arrival, todo.call.prompt, todo.call.output)
            self.begun += 1
            todo.running = engine.receive(request, at=engine.now)
            engine.admit(todo.running)
            engine.start([Chunk(todo.running, todo.running.left)])
        self.current = todo

    def _transfer(self, todo: Todo) -> float:
        """What it takes to save a call or to restore it, ms."""
        return todo.context * self.case.costs.kv_bytes / PCIE_BYTES_PER_MS

    def _observation(self, rows: Sequence[Todo]) -> Observation:
        now = self.engine.now
        return {
            "time": now / 1000,
            "loaded": rows.index(self.current) if self.current else -1,
            "kind": [self.label[self.case.callers[todo.caller].kind] for todo in rows],
            "turn": [todo.turn for todo in rows],
            "prompt": [todo.call.prompt for todo in rows],
            "done": [todo.running.generated if todo.running else 0 for todo in rows],
            # rounded, so that what is equal looks equal: sums of the same slices differ in their last digits
            "served": [round(todo.served / 1000, 9) for todo in rows],
            "waited": [round((now - todo.arrival) / 1000, 9) for todo in rows],
            "idle": [round((now - todo.since) / 1000, 9) for todo in rows],
            "transfer": [self._transfer(todo) / 1000 for todo in rows],
            "past": [list(lengths) for lengths in self.past],
            "per_token": self.case.costs.iteration(1, 0) / 1000,
        }

    def _outcome(self) -> Outcome:
        if len(self.finished) != sum(len(caller.calls) for caller in self.case.callers):
            raise EvaluatorBug("not all calls were served")
        seconds = [(todo.since - todo.arrival) / 1000 for todo in self.finished]
        metrics = {
            "call_mean": float(np.mean(seconds)),
            "call_p50": float(np.quantile(seconds, 0.5)),
            "call_p90": float(np.quantile(seconds, 0.9)),
            "call_p95": float(np.quantile(seconds, 0.95)),
            "waiting_mean": float(
                np.mean([t - todo.served / 1000 for t, todo in zip(seconds, self.finished, strict=True)])
            ),
            "restored": float(self.restored),
            "decisions": float(self.asked),
        }
        return Outcome(total_cost(seconds), metrics, trace=lambda: self.spells)


def _checked(answer: Any, count: int, where: str) -> tuple[int, float]:
    """Which call, and for how many seconds. Raises Illegal."""
    answer = keyed(answer, {"next", "slice"}, '{"next": index of a call, "slice": seconds}', f"{where}decide")
    place, seconds = answer["next"], answer["slice"]
    if type(place) is not int or not 0 <= place < count:
        raise Illegal(f'{where}"next" is {str(place)[:40]}; calls are numbered 0 to {count - 1}')
    if type(seconds) not in (int, float) or not SHORTEST <= seconds <= LONGEST:
        raise Illegal(f"{where}a slice is {SHORTEST:g} to {LONGEST:g} s, not {str(seconds)[:40]}")
    return place, float(seconds)
