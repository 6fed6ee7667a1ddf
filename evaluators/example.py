"""One question of a problem as a program is asked it, and what the program answers: an example for readers.

The question is the first of a train instance. The program answers in the sandbox, as in every evaluation.
"""

from __future__ import annotations

import copy
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

from evaluators.driver import Clock, play
from evaluators.evaluate import load
from evaluators.problem import Problem
from evaluators.protocol import Evaluator, Instance, Labels, Outcome, Reference, Table
from sandbox.session import CandidateError, Sandbox

ROWS = 4  # of a table of eligible items
LOOKED_AT = 20  # train instances


@dataclass(frozen=True)
class Example:
    """function: the entry function that was asked. group: the class of the train instance.

    Of a priority rule, `asked` holds the features that it takes, a list for each column and a number for each scalar,
    of the first `rows` of `eligible` items, and `answer` their priorities. Else `asked` is the observation or the
    instance, and `answer` what came back: plain data, numpy arrays included.
    """

    function: str
    group: str
    asked: Mapping[str, Any]
    answer: Any
    rows: int = 0
    eligible: int = 0


def example(problem: Problem, source: str, sandbox: Sandbox) -> Example | None:
    """An example of a program, None where there is none: the program fails, answers otherwise when it is asked again,
    or is none that is asked questions. Raises SandboxError and EvaluatorBug as `evaluate` does.

    Of the first train instances it is one with a full table, or else the one with the shortest question.
    """
    if not problem.entry_functions:
        return None
    found: tuple[str, Any, Any, list[str]] | None = None
    for _ in range(2):  # each time in a process of its own
        again = _ask(problem, source, sandbox, found[1] if found else None)
        if again is None or (found is not None and repr(again[2]) != repr(found[2])):
            return None
        found = found or again
    assert found is not None
    function, (instance, question, eligible), answer, parameters = found
    if isinstance(question, Table):
        given = {**question.columns, **question.scalars}
        asked = {name: given[name] for name in parameters}
        return Example(function, instance.group, asked, answer, len(answer), eligible)
    return Example(function, instance.group, _as_sent(question), _as_sent(answer))


def _ask(
    problem: Problem, source: str, sandbox: Sandbox, chosen: tuple[Instance, Any, int] | None
) -> tuple[str, tuple[Instance, Any, int], Any, list[str]] | None:
    session = sandbox.open(problem.limits)
    clock = Clock(problem.limits, 1)
    try:
        function, parameters = load(problem, source, session, clock)
        chosen = chosen or _chosen(problem, function)
        first = _First(problem.evaluator, chosen[1])
        for _ in play(first, [chosen[0]], session, function, parameters, clock):
            return function, chosen, first.answer, parameters
    except CandidateError:
        return None
    finally:
        session.close()
    return None


def _chosen(problem: Problem, function: str) -> tuple[Instance, Any, int]:
    """A train instance, its first question (of a table the first rows), and how many rows there were."""
    found = []
    for instance in problem.instances("train")[:LOOKED_AT]:
        labels = Labels(0, instance)
        if function == "solve":
            question: Any = problem.evaluator.question(instance, labels)
        else:
            question = next(problem.evaluator.episode(instance, labels))
        if not isinstance(question, Table):
            found.append((len(repr(_as_sent(question, whole=True))), instance, copy.deepcopy(question), 0))
            continue
        table, eligible = _head(question)
        found.append((-min(eligible, ROWS), instance, table, eligible))
        if eligible >= ROWS:
            break
    _, instance, question, eligible = min(found, key=lambda one: one[0])
    return instance, question, eligible


def _head(table: Table) -> tuple[Table, int]:
    columns = {name: list(column() if callable(column) else column) for name, column in table.columns.items()}
    eligible = table.rows if table.rows is not None else len(next(iter(columns.values())))
    rows = min(eligible, ROWS)
    return Table({name: column[:rows] for name, column in columns.items()}, dict(table.scalars), rows), eligible


def _as_sent(value: Any, whole: bool = False) -> Any:
    """Plain data as it arrives: tuples as lists. whole: arrays as lists too, for their length in writing."""
    if isinstance(value, dict):
        return {key: _as_sent(item, whole) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_as_sent(item, whole) for item in value]
    return value.tolist() if whole and hasattr(value, "tolist") else value


class _First(Evaluator):
    """An evaluator whose episodes are one question, whatever the answer."""

    def __init__(self, evaluator: Evaluator, asked: Any) -> None:
        self._evaluator, self._asked = evaluator, asked
        self.answer: Any = None

    def instances(self, split: str, *args: Any, **spec: Any) -> list[Instance]:
        return self._evaluator.instances(split, *args, **spec)

    def reference(self, instance: Instance) -> Reference:
        return self._evaluator.reference(instance)

    def question(self, instance: Instance, labels: Labels) -> dict[str, Any]:
        asked: dict[str, Any] = self._asked
        return asked

    def verify(self, instance: Instance, answer: Any, labels: Labels) -> Outcome:
        self.answer = answer
        return Outcome(0.0)

    def episode(self, instance: Instance, labels: Labels) -> Generator[Any, Any, Outcome]:
        self.answer = yield self._asked
        return Outcome(0.0)
