"""Requests like those of public traces: lengths by the traces' quantiles, arrivals by a Gamma renewal process.

Everything follows from a key, a string. Input and output lengths are drawn independently of each other, and of the
arrivals. `benchmarks/serving_workloads.py` shows the fit; docs/serving.md says what does not fit.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp, log
from typing import Protocol

from evaluators.serving.requests import Request


class Lengths(Protocol):
    """A distribution of tokens."""

    def draw(self, rng: random.Random) -> float:
        """One value; it uses one number or two of the stream, the same each time."""


@dataclass(frozen=True)
class LogNormal:
    """exp of a normal variable: `mu`, `sigma`."""

    mu: float
    sigma: float

    def draw(self, rng: random.Random) -> float:
        """By the Box-Muller transform."""
        return rng.lognormvariate(self.mu, self.sigma)


@dataclass(frozen=True)
class Lomax:
    """A power law that starts at 0 and is cut at `most`: without the cut, mean scale / (shape - 1)."""

    scale: float
    shape: float
    most: float

    def draw(self, rng: random.Random) -> float:
        """By inversion."""
        return min(self.most, self.scale * float((1 - rng.random()) ** (-1 / self.shape) - 1))


@dataclass(frozen=True)
class Quantiles:
    """Inverts the quantiles of a trace: straight lines between (share, log tokens), the outermost ones prolonged."""

    points: Sequence[tuple[float, float]]  # (share, tokens), both ascending

    def at(self, share: float) -> float:
        """The quantile of a share in [0, 1]."""
        place = min(max(bisect_right([p for p, _ in self.points], share), 1), len(self.points) - 1)
        (p, low), (q, high) = self.points[place - 1], self.points[place]
        return exp(log(low) + (share - p) / (q - p) * (log(high) - log(low)))

    def draw(self, rng: random.Random) -> float:
        """By inversion."""
        return self.at(rng.random())


@dataclass(frozen=True)
class Source:
    """Where lengths come from. longest: tokens of a request that the model serves, input and output together.

    cv: coefficient of variation of the trace's times between arrivals; rate: its requests per second. Both None where
    it has no times.
    """

    input: Lengths
    output: Lengths
    longest: int
    rate: float | None = None
    cv: float | None = None


def _seven(*tokens: float) -> Quantiles:
    shares = (0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
    assert len(tokens) == len(shares)
    assert all(a < b for a, b in pairwise(tokens))
    return Quantiles(tuple(zip(shares, tokens, strict=True)))


SOURCES = {
    # Azure LLM inference traces of 2023 (CC-BY-4.0), 19,366 and 8,819 requests
    "azure-conv": Source(
        _seven(181, 396, 1020, 1189, 2734, 4083, 4142), _seven(41, 85, 129, 395, 424, 451, 601), 8192, 5.53, 1.09
    ),
    "azure-code": Source(
        _seven(75, 578, 1469, 2744, 5187, 7303, 7436), _seven(6, 9, 13, 24, 55, 90, 251), 8192, 2.57, 13.2
    ),
    # Sarathi-Serve (OSDI 2024), its two workloads: by median and 90 % quantile
    "sharegpt": Source(LogNormal(7.46, 0.93), LogNormal(6.03, 0.545), 8192),
    "arxiv": Source(LogNormal(8.86, 0.476), LogNormal(5.34, 0.451), 16384),
    # Mooncake (FAST 2025), conversation trace, 12,031 requests; the output by its median and mean
    "mooncake": Source(LogNormal(8.74, 1.20), Quantiles(((0.0, 10), (0.5, 350), (1.0, 900))), 131072, 3.4, 3.0),
    # ServeGen, deepseek-r1, 73 clients
    "deepseek-r1": Source(LogNormal(5.57, 1.93), LogNormal(6.83, 1.01), 32768, None, None),
    # APEX (MIT), 1,024 and 512 requests
    "lmsys": Source(LogNormal(3.10, 1.33), LogNormal(4.47, 1.35), 4096, 0.5, 1.0),
    "creation": Source(LogNormal(5.69, 0.29), LogNormal(6.97, 0.41), 8192, 0.5, 1.0),
    # Llumnix (OSDI 2024), its power law of mean 512, at most 6k; the shape is assumed
    "lomax-512": Source(Lomax(512, 2.0, 6144), Lomax(512, 2.0, 6144), 12_288),
}


def lengths(rng: random.Random, source: Source) -> tuple[int, int]:
    """Tokens of input and output. The output is cut at half of `longest`, then the input at what is left."""
    prompt, output = round(source.input.draw(rng)), round(source.output.draw(rng))
    output = min(max(output, 1), source.longest // 2)
    return min(max(prompt, 1), source.longest - output), output


def arrivals(key: str, rate: float, count: int, cv: float = 1.0) -> list[float]:
    """Times in ms of `count` arrivals, `rate` per second on average; Poisson for cv = 1, bursty above."""
    rng, shape, now, times = random.Random(f"{key}|arrivals"), 1 / cv**2, 0.0, []
    for _ in range(count):
        now += rng.gammavariate(shape, 1000 / (rate * shape))
        times.append(now)
    return times


def requests(key: str, source: str, rate: float, count: int, cv: float = 1.0) -> list[Request]:
    """`count` requests with the lengths of a source, in order of arrival, numbered from 0."""
    rng = random.Random(f"{key}|lengths")
    pairs = [lengths(rng, SOURCES[source]) for _ in range(count)]
    times = arrivals(key, rate, count, cv)
    return [Request(i, time, *pair) for i, (time, pair) in enumerate(zip(times, pairs, strict=True))]
