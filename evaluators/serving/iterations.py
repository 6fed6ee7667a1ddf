"""Iterations of an engine in closed form: when each of them ends."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

from evaluators.serving.requests import Sequence


class Chunk(NamedTuple):
    """Tokens of a sequence's prompt that an iteration prefills."""

    sequence: Sequence
    tokens: int


class Run:
    """Iterations under way: `length` of them, `done` have ended; the j-th from 0 takes first + j step, ms."""

    def __init__(self, start: float, first: float, step: float, length: int, decodes: int, chunks: list[Chunk]) -> None:
        self.start, self.first, self.step, self.length = start, first, step, length
        self.decodes, self.chunks = decodes, chunks
        self.done = 0

    def time(self, iterations: int) -> float:
        """When that many of its iterations have ended, ms."""
        return self.start + iterations * self.first + self.step * (iterations * (iterations - 1) / 2)

    def ended_by(self, time: float) -> int:
        """How many of its iterations end by a time."""
        if self.time(self.length) <= time:
            return self.length
        if self.time(1) > time:
            return 0
        span = time - self.start
        linear = self.first - self.step / 2
        guess = (sqrt(max(0.0, linear**2 + 2 * self.step * span)) - linear) / self.step if self.step else 0
        count = int(guess if self.step else span / self.first)
        while self.time(count) > time:
            count -= 1
        while self.time(count + 1) <= time:
            count += 1
        return count
