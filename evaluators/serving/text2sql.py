"""Text-to-SQL queries as graphs of calls of a language model, like those of the agents that HexGen-Text2SQL serves.

A query is a list of steps; the calls of a step run side by side, and the next step begins when all of them have ended.
How many candidates are revised, and how often, shows only on the way. Means of lengths and counts are those of the
published traces (296 queries, 19 to 21 calls each); their spread is assumed: log-normal, sigma 0.3 for prompts (a
factor of the query, as large databases make all its prompts long) and 0.5 for outputs.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from evaluators.serving.workloads import arrivals

SPREAD_PROMPT, SPREAD_OUTPUT = 0.3, 0.5
LONGEST = 32_768  # tokens of a prompt
KEYWORDS = 0.9  # share of queries that begin with a call for keywords
MOST_REVISIONS = 20  # ten for each candidate


class Stage(NamedTuple):
    """Means of a kind of call: tokens of its prompt and output, calls a query; all side by side but revisions."""

    prompt: float
    output: float
    calls: float


def _trace(candidate: float, revise: float, revised: float, revisions: float, test: float) -> Mapping[str, Stage]:
    return {
        "keywords": Stage(680, 50, KEYWORDS),
        "retrieve": Stage(306, 7, 4),
        "candidate": Stage(candidate, 700, 2),
        "revise": Stage(revise, revised, revisions),
        "unit_test": Stage(test, 102, 1),
        "test": Stage(274, 4, 3),
        "evaluate": Stage(1100, 30, 5),
    }


TRACES = {
    "trace-1": _trace(10_000, 6_000, 82, 3.7, 1_100),
    "trace-2": _trace(11_000, 7_000, 120, 4.4, 1_200),
    "trace-3": _trace(12_000, 8_000, 155, 5.0, 1_300),
}


class Call(NamedTuple):
    """Tokens of one call."""

    stage: str
    prompt: int
    output: int


@dataclass(frozen=True)
class Query:
    """A question of a user: it arrives at a time, and is to be answered within `slo`, ms."""

    arrival: float
    slo: float
    steps: Sequence[Sequence[Call]]


def queries(key: str, trace: str, rate: float, count: int, cv: float, slos: Sequence[float]) -> list[Query]:
    """`count` queries, `rate` per second; each has one of the `slos`, ms, at random."""
    rng = random.Random(f"{key}|queries")
    return [Query(time, rng.choice(slos), _steps(rng, TRACES[trace])) for time in arrivals(key, rate, count, cv)]


def _steps(rng: random.Random, trace: Mapping[str, Stage]) -> list[list[Call]]:
    database = rng.lognormvariate(-(SPREAD_PROMPT**2) / 2, SPREAD_PROMPT)

    def call(stage: str) -> Call:
        prompt = min(LONGEST, max(1, round(trace[stage].prompt * database)))
        output = trace[stage].output * rng.lognormvariate(-(SPREAD_OUTPUT**2) / 2, SPREAD_OUTPUT)
        return Call(stage, prompt, max(1, round(output)))

    steps = [[call("keywords")]] if rng.random() < KEYWORDS else []
    steps += [[call(stage) for _ in range(round(trace[stage].calls))] for stage in ("retrieve", "candidate")]
    again, revisions = 1 - 1 / trace["revise"].calls, 1
    while revisions < MOST_REVISIONS and rng.random() < again:
        revisions += 1
    steps += [[call("revise")] for _ in range(revisions)]
    return steps + [[call(s) for _ in range(round(trace[s].calls))] for s in ("unit_test", "test", "evaluate")]
