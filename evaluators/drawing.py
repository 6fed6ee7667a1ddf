"""What a reviewer sees of one instance: boxes in lanes or on a map, lines, nodes and links, as pages draw them.

An evaluator makes it of an outcome with `Evaluator.draw`; families share the functions that do so. Names are true ones,
not the labels that candidates see.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

MARKS = 3000  # of a drawing: with more a page is slow, and nobody sees them


@dataclass(frozen=True)
class Box:
    """A stretch from `start` to `end` of the horizontal axis: of a lane, or from `low` to `high` of a vertical axis.

    One that ends where it starts is a mark (an arrival, a due date). label: what lies there (a job, a block, a
    request). kind: what boxes of one colour share (a state, a phase); empty where each label has its own colour.
    """

    start: float
    end: float
    lane: str = ""
    low: float = 0.0
    high: float = 0.0
    label: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Line:
    """A line through points; a stepped one holds its value until the next point."""

    name: str
    points: Sequence[tuple[float, float]]
    stepped: bool = False


@dataclass(frozen=True)
class Node:
    """A place of a network or of a graph, by position on the axes."""

    name: str
    x: float
    y: float
    kind: str = ""


@dataclass(frozen=True)
class Link:
    """A connection of two nodes; `weight` is what runs over it, in the unit that the drawing's `weight` names."""

    start: str
    end: str
    weight: float = 1.0
    label: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Drawing:
    """x, y: what the axes show, with units ("time, min"). With lanes, y says what a lane is ("machine").

    lanes: their order from above; a lane may be empty. Boxes without a lane lie on a map whose vertical axis is y.
    limit: a horizontal line that must not be crossed (a memory's capacity), on the vertical axis. due: a vertical one
    (a deadline; a capacity, where lanes are filled). Several kinds of marks may be in one drawing, on the same axes.
    """

    x: str
    y: str
    boxes: Sequence[Box] = ()
    lanes: Sequence[str] = ()
    lines: Sequence[Line] = ()
    nodes: Sequence[Node] = ()
    links: Sequence[Link] = ()
    weight: str = ""
    limit: float | None = None
    due: float | None = None


def first(marks: Iterable[int]) -> int:
    """How many things are drawn, the first one at least, if thing i takes marks[i]: as many as `MARKS` allow.

    Let `marks` depend on the instance alone: then the drawings of two programs show the same things.
    """
    return max(1, bisect_right(list(accumulate(marks)), MARKS))


def titled(title: str, shown: int, count: int) -> str:
    """The title of an axis, which says so where only the first ones are drawn."""
    return title if shown >= count else f"{title} (the first {shown:,} of {count:,})"
