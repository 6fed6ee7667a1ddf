"""Two programs beside each other: the first decision of an instance that they take differently, and their drawings.

Both play the same instance. Until they part they are asked the same questions, so one pass keeps what the other
program decided, and the second compares as it goes.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from evaluators.drawing import Drawing
from evaluators.driver import Clock, play
from evaluators.evaluate import load
from evaluators.mistakes import MISTAKES, placed
from evaluators.problem import Problem
from evaluators.protocol import Evaluator, EvaluatorBug, Instance, Labels, Outcome, Reference, Table
from sandbox.session import CandidateError, Sandbox

MOST_STEPS = 20_000  # decisions that are compared
TRACE = 4  # entries of an outcome's trace

See = Callable[[Any, Any], None]


@dataclass(frozen=True)
class Parting:
    """The first decision that two programs take differently; `step` counts the decisions before it.

    Of a priority rule (`features`), `seen` holds the scalars, and `mine` and `theirs` the features of the item that
    each puts first; `tied` says how many items share each one's smallest value, where it is not certain which of them
    was taken. Of `decide`, `seen` is the observation, and the others are the two answers.
    """

    step: int
    seen: Any
    mine: Any
    theirs: Any
    tied: tuple[int, int] = (1, 1)
    features: bool = False


@dataclass(frozen=True)
class Inspection:
    """How a program plays one instance beside another: where they part, and the beginning of its outcome's trace.

    A trace holds true names and indices, which candidates may not know: it is for reviewers as it is.
    """

    parting: Parting | None = None
    trace: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True)
class SideBySide:
    """How two programs play one instance: what it costs each, what a reviewer sees, and where they part.

    A program that fails has no cost and no drawing, but a failure: its kind and text. `parting` is None where one of
    them fails, where they never part, and where all is known at once.
    """

    cost: float | None
    rival_cost: float | None
    failure: str | None
    rival_failure: str | None
    drawing: Drawing | None
    rival_drawing: Drawing | None
    parting: Parting | None


@dataclass(frozen=True)
class _Played:
    """An instance that a program played to its end, through its entry function."""

    function: str
    outcome: Outcome


def inspect(
    problem: Problem, source: str, rival: str | None, split: str, position: int, sandbox: Sandbox
) -> Inspection:
    """Play the instance at `position` of a split with `rival` and with `source`, each in the sandbox.

    A program that fails there has no parting. Raises SandboxError and EvaluatorBug as `evaluate` does.
    """
    mine, _, parting = _both(problem, source, rival, problem.instances(split)[position], sandbox)
    if isinstance(mine, _Played) and mine.function == "solve":
        return Inspection(trace=_head(mine.outcome.trace))
    return Inspection(parting)


def side_by_side(problem: Problem, source: str, rival: str, split: str, position: int, sandbox: Sandbox) -> SideBySide:
    """Play the instance at `position` of a split with both programs, each in the sandbox, and draw what they did.

    Raises SandboxError and EvaluatorBug as `evaluate` does.
    """
    instance = problem.instances(split)[position]
    mine, theirs, parting = _both(problem, source, rival, instance, sandbox)
    cost, failure, drawing = _shown(problem, instance, mine)
    rival_cost, rival_failure, rival_drawing = _shown(problem, instance, theirs)
    return SideBySide(cost, rival_cost, failure, rival_failure, drawing, rival_drawing, parting)


def first_difference(mine: Drawing, theirs: Drawing) -> float | None:
    """Where two drawings part: the least start of a box, or x of a line's point, that is in one and not in the other.

    None where they hold the same boxes and lines. Nodes and links have no beginning, and are not compared.
    """
    boxes = set(mine.boxes) ^ set(theirs.boxes)
    points = _points(mine) ^ _points(theirs)
    return min([*(box.start for box in boxes), *(x for _, x, _ in points)], default=None)


def _points(drawing: Drawing) -> set[tuple[str, float, float]]:
    return {(line.name, x, y) for line in drawing.lines for x, y in line.points}


def _shown(
    problem: Problem, instance: Instance, played: _Played | str
) -> tuple[float | None, str | None, Drawing | None]:
    """Cost, failure and drawing."""
    if isinstance(played, str):
        return None, played, None
    try:
        drawing = problem.evaluator.draw(instance, played.outcome)
    except MISTAKES as error:
        raise EvaluatorBug(f"draw: {placed(error)}") from None
    return float(played.outcome.cost), None, drawing


def _both(
    problem: Problem, source: str, rival: str | None, instance: Instance, sandbox: Sandbox
) -> tuple[_Played | str, _Played | str, Parting | None]:
    """How `source` and `rival` play an instance, or why they fail, and where they part."""
    kept = _Kept()
    theirs = "no program" if rival is None else _play(problem, rival, instance, sandbox, kept.see)
    compared = _Compared(kept)
    mine = _play(problem, source, instance, sandbox, compared.see)
    if isinstance(mine, str) or isinstance(theirs, str) or "solve" in (mine.function, theirs.function):
        return mine, theirs, None
    alike = (mine.function == "decide") == (theirs.function == "decide")
    return mine, theirs, compared.parting if alike else None


def _play(problem: Problem, source: str, instance: Instance, sandbox: Sandbox, see: See) -> _Played | str:
    """How a program plays an instance; the failure's kind and text if it does not."""
    session = sandbox.open(problem.limits)
    clock = Clock(problem.limits, 1)
    try:
        function, parameters = load(problem, source, session, clock)
        watched = _Watched(problem.evaluator, see)
        for played in play(watched, [instance], session, function, parameters, clock):
            return _Played(function, played.outcome)
    except CandidateError as error:
        return f"{error.kind}: {error.message}"
    finally:
        session.close()
    raise AssertionError("unreachable")


class _Watched(Evaluator):
    """An evaluator that shows each question with its answer before the episode goes on."""

    def __init__(self, evaluator: Evaluator, see: See) -> None:
        self._evaluator, self._see = evaluator, see

    def instances(self, split: str, *args: Any, **spec: Any) -> list[Instance]:
        return self._evaluator.instances(split, *args, **spec)

    def reference(self, instance: Instance) -> Reference:
        return self._evaluator.reference(instance)

    def question(self, instance: Instance, labels: Labels) -> dict[str, Any]:
        return self._evaluator.question(instance, labels)

    def verify(self, instance: Instance, answer: Any, labels: Labels) -> Outcome:
        return self._evaluator.verify(instance, answer, labels)

    def episode(self, instance: Instance, labels: Labels) -> Generator[Any, Any, Outcome]:
        episode = self._evaluator.episode(instance, labels)
        answer = None
        while True:
            try:
                waiting = episode.send(answer)
            except StopIteration as stop:
                outcome: Outcome = stop.value
                return outcome
            answer = yield waiting
            self._see(waiting, answer)


class _Kept:
    """What one program decided: for each step what it was asked, as a digest, and its answer or its first items."""

    def __init__(self) -> None:
        self.steps: list[tuple[bytes, Any]] = []

    def see(self, waiting: Any, answer: Any) -> None:
        if len(self.steps) < MOST_STEPS:
            self.steps.append(_step(waiting, answer))


class _Compared:
    """Compares a second program with what was kept of the first, until they part.

    Rules whose smallest values lie with other items have parted. Where a tie holds both, the next question tells: the
    simulator breaks ties by indices that are not known here.
    """

    def __init__(self, kept: _Kept) -> None:
        self._kept = kept.steps
        self._at = 0
        self._doubtful: Parting | None = None
        self.parting: Parting | None = None

    def see(self, waiting: Any, answer: Any) -> None:
        if self.parting is not None or self._at >= len(self._kept):
            return
        asked, mine = _step(waiting, answer)
        before, theirs = self._kept[self._at]
        if asked != before:
            self.parting, self._kept = self._doubtful, []
        elif isinstance(waiting, Table):
            if not mine & theirs:
                self.parting = _rows_parting(self._at, waiting, mine, theirs)
            elif mine != theirs:
                self._doubtful = _rows_parting(self._at, waiting, mine, theirs)
        elif not _same(mine, theirs):
            self.parting = Parting(self._at, copy.deepcopy(waiting), mine, theirs)
        self._at += 1


def _step(waiting: Any, answer: Any) -> tuple[bytes, Any]:
    if not isinstance(waiting, Table):
        return b"", copy.deepcopy(answer)
    low = min(answer)
    columns = {name: _column(waiting, name) for name in waiting.columns}
    digest = hashlib.blake2b(repr((columns, dict(waiting.scalars))).encode(), digest_size=8).digest()
    return digest, frozenset(row for row, value in enumerate(answer) if value == low)


def _column(table: Table, name: str) -> list[float]:
    values = table.columns[name]
    return list(values() if callable(values) else values)


def _rows_parting(step: int, table: Table, mine: frozenset[int], theirs: frozenset[int]) -> Parting:
    columns = {name: _column(table, name) for name in table.columns}

    def row(one: frozenset[int], other: frozenset[int]) -> Mapping[str, float]:
        index = min(one - other or one)
        return {name: values[index] for name, values in columns.items()}

    tied = (len(mine), len(theirs))
    return Parting(step, dict(table.scalars), row(mine, theirs), row(theirs, mine), tied, features=True)


def _same(one: Any, other: Any) -> bool:
    numbers = type(one) in (int, float) and type(other) in (int, float)
    return one == other if numbers else repr(one) == repr(other)


def _head(trace: Any) -> list[Mapping[str, Any]]:
    """The first entries of a trace of named tuples or dataclasses, by field."""
    made = trace() if callable(trace) else trace
    entries = list(made)[:TRACE] if isinstance(made, Sequence) else []
    return [named for entry in entries if (named := _fields(entry))]


def _fields(entry: Any) -> Mapping[str, Any]:
    if hasattr(entry, "_asdict"):
        return dict(entry._asdict())
    return {one.name: getattr(entry, one.name) for one in fields(entry)} if is_dataclass(entry) else {}
