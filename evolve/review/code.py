"""Programs on pages: in colour, and side by side with another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Literal

from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from evolve.review.formats import LONGEST
from evolve.visible import visible

CONTEXT = 3  # equal lines around a change
LINES = 1000  # of a program beside another
_FORMATTER: HtmlFormatter[str] = HtmlFormatter(nowrap=True)


def coloured(source: str) -> Markup:
    """A program as HTML, escaped."""
    return Markup("\n").join(_coloured(_shown(source)))


def _shown(source: str) -> str:
    return visible(source, LONGEST).rstrip("\n")


# A report shows a program on its own page and beside each of its children.
@lru_cache(512)
def _coloured(text: str) -> Sequence[Markup]:
    """Line by line: no element spans two of them."""
    html = highlight(text, PythonLexer(stripnl=False, ensurenl=False), _FORMATTER)
    return [Markup(line) for line in html.removesuffix("\n").split("\n")]


@dataclass(frozen=True)
class Side:
    """A line of one of two programs; number 0 where the other has a line that this one has not."""

    number: int
    html: Markup
    kind: Literal["", "cut", "add"] = ""


@dataclass(frozen=True)
class Pair:
    """Lines that stand beside each other; `skipped` counts equal lines left out before them."""

    left: Side
    right: Side
    skipped: int = 0


def side_by_side(before: str, after: str) -> list[Pair]:
    """Two programs line by line, the first LINES of each; of equal lines only those around changes."""
    left, right = (_shown(source) for source in (before, after))
    # What stands in many lines of a long program joins none (autojunk): thousands of equal lines would take minutes.
    matcher = SequenceMatcher(None, left.split("\n")[:LINES], right.split("\n")[:LINES])
    return list(_pairs(matcher, _coloured(left), _coloured(right)))


def _pairs(matcher: SequenceMatcher[str], left: Sequence[Markup], right: Sequence[Markup]) -> Iterator[Pair]:
    seen = 0  # lines of the right program so far
    for group in matcher.get_grouped_opcodes(CONTEXT):
        skipped = group[0][3] - seen
        for operation, a, b, c, d in group:
            for at in range(max(b - a, d - c)):
                mine = Side(a + at + 1, left[a + at], "" if operation == "equal" else "cut") if a + at < b else _NONE
                other = Side(c + at + 1, right[c + at], "" if operation == "equal" else "add") if c + at < d else _NONE
                yield Pair(mine, other, skipped)
                skipped = 0
        seen = group[-1][4]


_NONE = Side(0, Markup())
