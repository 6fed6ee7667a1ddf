"""The lockstep driver: keeps many episodes alive and lets the candidate answer all that wait in one message."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from evaluators.mistakes import MISTAKES, placed
from evaluators.protocol import (
    Evaluator,
    EvaluatorBug,
    Illegal,
    Instance,
    Labels,
    Outcome,
    ProblemError,
    Table,
    one_shot,
)
from sandbox.session import BUSY, CandidateError, Limits, Session
from sandbox.wire import Unsendable

WIDTH = 64  # episodes in lockstep: more would save little, and a rule may need memory for each


@dataclass
class _Live:
    """An episode under way: its generator and what it waits for an answer to."""

    index: int
    generator: Generator[Any, Any, Outcome]
    waiting: Any
    digest: Any


@dataclass(frozen=True)
class Played:
    """An episode that ended: the instance's position, its outcome, and a digest of every decision taken."""

    index: int
    outcome: Outcome
    behaviour: str


class Clock:
    """Time spent inside the candidate, and how much of it is left."""

    def __init__(self, limits: Limits, instances: int) -> None:
        self.spent = 0.0
        self.calls = 0
        self._waited = 0.0  # of that, for a processor, when last asked
        self._call = limits.call_seconds
        self._total = limits.call_seconds + limits.instance_seconds * instances

    def _left(self) -> float:
        return self._total - (self.spent - min(self._waited, self.spent * (1 - 1 / BUSY)))

    def call(self, session: Session, message: dict[str, Any]) -> Any:
        if self._left() < self._call:
            self._waited = session.waited()
        left = min(self._call, self._left())
        if left <= 0:
            raise CandidateError("timeout", f"the evaluation took more than {self._total:g} s in the candidate")
        start = time.perf_counter()
        try:
            return session.call(message, left)
        except Unsendable as error:
            raise EvaluatorBug(f"what the evaluator tells the candidate {error}") from None
        finally:
            self.spent += time.perf_counter() - start
            self.calls += 1


def play(
    evaluator: Evaluator,
    instances: Sequence[Instance],
    session: Session,
    function: str,
    parameters: Sequence[str],
    clock: Clock,
    relabelling: int = 0,
    numbers: Sequence[int] | None = None,
) -> Iterable[Played]:
    """Play all instances with the loaded candidate; yields each episode as it ends.

    numbers: what the episodes are called, each name once a session (default: the instances' positions).

    Raises CandidateError, with the position of the instance as its `episode`, at the first failure.
    """
    ask = _priorities(parameters) if function in ("priority", "priorities") else _answers
    width = 1 if function == "solve" else WIDTH  # a message of `solve` is long enough by itself
    todo = iter(zip(numbers or range(len(instances)), instances, strict=True))
    live: list[_Live] = []
    over: list[int] = []
    while True:
        while len(live) < width and (item := next(todo, None)) is not None:
            index, instance = item
            labels = Labels(relabelling, instance)
            make = one_shot if function == "solve" else type(evaluator).episode
            episode = make(evaluator, instance, labels)
            started = _Live(index, episode, None, hashlib.blake2b(digest_size=8))
            if (played := _advance(started, None)) is None:
                live.append(started)
            else:
                yield played
        if not live:
            return
        answers = ask(session, clock, live, over)
        over = []
        still: list[_Live] = []
        for episode_, answer in zip(live, answers, strict=True):
            played = _advance(episode_, answer)
            if played is None:
                still.append(episode_)
            else:
                over.append(episode_.index)
                yield played
        live = still


def _advance(live: _Live, answer: Any) -> Played | None:
    """Hand an answer to an episode and run it to its next question, or to its end.

    What the evaluator raises by mistake, or a cost that is not finite, is blamed on the answer, unless there is none
    yet.
    """
    try:
        live.waiting = live.generator.send(answer)
    except StopIteration as stop:
        outcome: Outcome = stop.value
        if not isinstance(outcome, Outcome):
            raise EvaluatorBug(f"an episode returned a {type(outcome).__name__}; return Outcome(cost)") from None
        finite = isinstance(outcome.cost, Real) and math.isfinite(outcome.cost)
        if not finite and live.waiting is not None and isinstance(outcome.cost, Real):
            raise CandidateError("evaluator", f"the cost is {outcome.cost}; it must be finite", live.index) from None
        if not finite:
            raise EvaluatorBug(f"the cost of instance {live.index} is {outcome.cost!r}") from None
        live.digest.update(f"{outcome.cost!r} {outcome.decisions!r}".encode())
        return Played(live.index, outcome, live.digest.hexdigest())
    except Illegal as illegal:
        raise CandidateError("illegal", str(illegal), live.index) from None
    except CandidateError as error:
        raise CandidateError(error.kind, error.message, live.index) from None
    except (EvaluatorBug, ProblemError):
        raise
    except MISTAKES as error:
        if not isinstance(live.generator, Generator):
            raise EvaluatorBug("`episode` is no generator: it must `yield` what the candidate decides on") from None
        if live.waiting is None:
            raise EvaluatorBug(placed(error)) from None
        raise CandidateError("evaluator", placed(error), live.index) from None
    return None


def _answers(session: Session, clock: Clock, live: list[_Live], over: list[int]) -> list[Any]:
    message = {
        "op": "call",
        "episodes": [episode.index for episode in live],
        "arguments": [episode.waiting for episode in live],
        "over": over,
    }
    answers = clock.call(session, message)
    if type(answers) is not list or len(answers) != len(live):
        raise CandidateError("protocol", f"expected {len(live)} answers in one message")
    for episode, answer in zip(live, answers, strict=True):
        episode.digest.update(repr(answer).encode())
    return answers


def _priorities(parameters: Sequence[str]) -> Callable[[Session, Clock, list[_Live], list[int]], list[list[float]]]:
    """How a priority rule is asked: the tables of all waiting episodes, one after the other, as arrays of columns.

    Only the features that the rule takes are sent.
    """

    def ask(session: Session, clock: Clock, live: list[_Live], over: list[int]) -> list[list[float]]:
        try:
            message = _tables([episode.waiting for episode in live], parameters)
        except (EvaluatorBug, ProblemError):
            raise
        except MISTAKES as error:
            raise EvaluatorBug(f"the table of eligible items is not as it should be: {placed(error)}") from None
        message["episodes"] = [episode.index for episode in live]
        message["over"] = over
        counts: list[int] = message["rows"]
        answer = clock.call(session, message)
        if type(answer) is not np.ndarray or answer.dtype != np.float64 or answer.shape != (sum(counts),):
            raise CandidateError("protocol", f"expected {sum(counts)} priorities in one message")
        if not np.isfinite(answer).all():
            place = int(np.argmin(np.isfinite(answer)))
            episode = next(i for i, end in enumerate(np.cumsum(counts)) if place < end)
            raise CandidateError("illegal", f"a priority is {answer[place]}; it must be finite", live[episode].index)
        flat = answer.tolist()
        answers = []
        start = 0
        for count in counts:
            answers.append(flat[start : start + count])
            start += count
        return answers

    return ask


def _tables(tables: list[Table], parameters: Sequence[str]) -> dict[str, Any]:
    """The message that holds all tables."""
    columns: dict[str, np.ndarray[Any, Any]] = {}
    scalars: dict[str, np.ndarray[Any, Any]] = {}
    counts = [_rows(table) for table in tables]
    total = sum(counts)
    for name in parameters:
        if name in tables[0].scalars:
            scalars[name] = np.array([table.scalars[name] for table in tables])
        else:
            column: list[float] = []
            for table in tables:
                if name not in table.columns:
                    raise EvaluatorBug(f"the table of eligible items lacks the feature {name!r}")
                values = table.columns[name]
                column += values() if callable(values) else values
            if len(column) != total:
                raise EvaluatorBug(f"the column {name!r} has {len(column)} values for {total} eligible items")
            columns[name] = np.array(column)
    return {"op": "priority", "rows": counts, "columns": columns, "scalars": scalars}


def _rows(table: Table) -> int:
    if table.rows is not None:
        return table.rows
    first = next(iter(table.columns.values()))
    return len(first() if callable(first) else first)
