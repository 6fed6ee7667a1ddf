"""Requests or programs as lanes; as boxes what they do: wait, are prefilled, decode, call tools."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from evaluators.drawing import MARKS, Box, Drawing, Line, first, titled
from evaluators.serving.requests import Sequence as Request

LANES = 40


class Stay(NamedTuple):
    """A request and its times, ms."""

    id: int
    arrival: float
    admitted: float
    first_token: float
    finished: float


def stays(finished: Iterable[Request]) -> list[Stay]:
    """The stays of finished requests, in order of arrival."""
    made = []
    for sequence in finished:
        assert sequence.admitted is not None
        assert sequence.first_token is not None
        assert sequence.finished is not None
        times = sequence.request.arrival, sequence.admitted, sequence.first_token, sequence.finished
        made.append(Stay(sequence.request.id, *times))
    return sorted(made, key=lambda stay: (stay.arrival, stay.id))


def timeline(every: Sequence[Stay], middle: Stay, lanes: int = LANES) -> Drawing:
    """`lanes` requests that arrived around a certain one; times in s."""
    start = max(0, min(every.index(middle) - lanes // 2, len(every) - lanes))
    boxes = []
    for stay in every[start : start + lanes]:
        name = str(stay.id)
        for kind, begin, end in (
            ("queue", stay.arrival, stay.admitted),
            ("prefill", stay.admitted, stay.first_token),
            ("decode", stay.first_token, stay.finished),
        ):
            if end > begin:
                boxes.append(Box(begin / 1000, end / 1000, name, label=name, kind=kind))
    return Drawing("time, s", "request", boxes, [str(stay.id) for stay in every[start : start + lanes]])


def longest_wait(every: Sequence[Stay]) -> Drawing:
    """The requests around the one that waited longest for its first token."""
    return timeline(every, max(every, key=lambda stay: stay.first_token - stay.arrival))


class Spell(NamedTuple):
    """What a program does from a time to another one, ms."""

    program: int
    kind: str
    start: float
    end: float


def programs(spells: Iterable[Spell], turns: Sequence[int]) -> Drawing:
    """Programs in order of arrival, the first ones of many; `turns`: how many each of them has."""
    shown = first(3 * count for count in turns)
    boxes = [
        Box(
            spell.start / 1000,
            spell.end / 1000,
            f"program {spell.program}",
            label=f"program {spell.program}",
            kind=spell.kind,
        )
        for spell in spells
        if spell.program < shown and spell.start < spell.end
    ]
    lanes = [f"program {number}" for number in range(shown)]
    return Drawing("time, s", titled("program", shown, len(turns)), boxes, lanes)


def levels(y: str, engines: Sequence[Sequence[tuple[float, float]]], limit: float | None = None) -> Drawing:
    """A stepped line for each engine, of (time in s, level) points; of many, every second one, third, and so on."""
    every = max(1, -(-sum(len(points) for points in engines) // (MARKS - len(engines))))
    lines = [Line(f"engine {i}", points[::every], stepped=True) for i, points in enumerate(engines)]
    return Drawing("time, s", y, lines=lines, limit=limit)
