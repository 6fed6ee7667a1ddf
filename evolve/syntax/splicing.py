"""Pieces of a program's text replaced, and the rest of it left as it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Place(NamedTuple):
    """As in `ast`: a line from 1, a column in bytes."""

    line: int
    column: int


def spliced(source: str, pieces: Iterable[tuple[Place, Place, str]]) -> str:
    """The program with what stands from each first place to before the second replaced; pieces do not overlap."""
    text = source.encode()
    starts = [0]
    for line in text.splitlines(keepends=True):  # bytes: only these end lines where Python's own do
        starts.append(starts[-1] + len(line))
    for first, last, new in sorted(pieces, reverse=True):
        start, end = starts[first.line - 1] + first.column, starts[last.line - 1] + last.column
        text = text[:start] + new.encode() + text[end:]
    return text.decode()
