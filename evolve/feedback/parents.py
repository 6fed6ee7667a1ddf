"""A program as a prompt shows it: its gap, by class with the regret against the best known rule there, and its size."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from evaluators.evaluate import InstanceResult
from evolve.feedback.failures import failure_line
from evolve.feedback.values import line
from evolve.feedback.yardsticks import Yardsticks
from evolve.figures import group_means
from evolve.records import Candidate
from evolve.syntax.tree import docstring, entry
from sandbox.session import Limits

CLASSES = 5  # shown
MATTERS = 0.1  # share of the time limit from which on decision time matters


@dataclass(frozen=True)
class ClassFigures:
    """A class of instances: the program's mean gap, how much of that it loses to the best baseline there (negative:
    it wins), that baseline's name, and how many instances of it there are."""

    group: str
    gap: float
    regret: float | None
    rival: str | None
    instances: int


@dataclass(frozen=True)
class Shown:
    """A program in a prompt. `groups` are all classes, worst regret first, none where there is only one class; `share`
    is the share of its time limit that it uses."""

    source: str
    gap: float | None
    groups: Sequence[ClassFigures] = ()
    failure: str | None = None
    thought: str | None = None
    size: int | None = None
    seconds: float | None = None
    share: float | None = None

    @property
    def slow(self) -> bool:
        """Whether its decision time matters."""
        return self.share is not None and self.share > MATTERS

    @property
    def worst(self) -> Sequence[ClassFigures]:
        """The classes that are shown."""
        return self.groups[:CLASSES]


def shown(candidate: Candidate, results: Sequence[InstanceResult], known: Yardsticks, limits: Limits) -> Shown:
    """A candidate with its train results."""
    by_machine = candidate.proposer == "mutator"  # what it notes is what it did to the syntax, no idea to build on
    total = limits.call_seconds + limits.instance_seconds * len(results)
    seconds = candidate.decision_seconds
    return Shown(
        source=_unexplained(candidate.source or "") if by_machine else candidate.source or "",
        gap=candidate.train,
        groups=classes(results, known),
        failure=failure_line(candidate),
        thought=line(candidate.thought, 120) if candidate.thought and not by_machine else None,
        size=candidate.size,
        seconds=seconds,
        share=seconds / total if seconds is not None and results else None,
    )


def _unexplained(source: str) -> str:
    """A program without the docstring of its function."""
    try:
        function = entry(ast.parse(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return source
    note = docstring(function) if function else None
    if function is None or note is None or note.end_lineno is None:
        return source
    if len(function.body) < 2 or note.lineno == function.lineno:
        return source
    lines = source.splitlines(keepends=True)
    return "".join([*lines[: note.lineno - 1], *lines[note.end_lineno :]])


def classes(results: Sequence[InstanceResult], known: Yardsticks) -> list[ClassFigures]:
    """The classes, worst regret first, or worst gap where nothing is known; none if there is only one."""
    means = group_means(results)
    if len(means) < 2:
        return []
    found = []
    for group, gap in means.items():
        rival, best = known.best.get(group, (None, None))
        regret = None if best is None else gap - best
        count = sum(result.group == group for result in results)
        found.append(ClassFigures(line(group, 60), gap, regret, rival, count))
    return sorted(found, key=lambda one: (-(one.gap if one.regret is None else one.regret), one.group))
