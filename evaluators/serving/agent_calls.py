"""Agents that share one core of a language model: each makes calls one after another, with tools between them.

Nothing public has lengths by kind of agent, so they are drawn: four kinds, of which two answer in a line and two write
code or text. Over all calls the coefficient of variation of the output is about 1.9. Everything follows from a key.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from math import log
from typing import NamedTuple

from evaluators.serving.workloads import LogNormal, arrivals

PROMPT, LONGEST_PROMPT, LONGEST_OUTPUT = LogNormal(log(800), 0.7), 3000, 3000  # tokens
TOOL = LogNormal(0.0, 1.5)  # s
CALLS, MOST_CALLS = LogNormal(log(4), 0.7), 30


class Kind(NamedTuple):
    """share of the agents; tokens of an answer: exp of a normal variable around log(median)."""

    share: float
    median: float
    sigma: float


KINDS = (Kind(0.35, 60, 0.5), Kind(0.35, 40, 0.7), Kind(0.20, 600, 0.8), Kind(0.10, 1200, 0.6))


class Call(NamedTuple):
    """prompt, output in tokens; then a tool runs for some seconds before the agent's next call."""

    prompt: int
    output: int
    seconds: float


@dataclass(frozen=True)
class Caller:
    """An agent: arrival in ms; which of the kinds it is; at least one call."""

    arrival: float
    kind: int
    calls: tuple[Call, ...]


def callers(key: str, rate: float, count: int, cv: float, longer: float) -> list[Caller]:
    """`count` agents in order of arrival, `rate` a second on average.

    cv: of the times between arrivals; longer: factor on the tokens of answers.
    """
    made = []
    for number, arrival in enumerate(arrivals(key, rate, count, cv)):
        rng = random.Random(f"{key}|agent {number}")
        kind = rng.choices(range(len(KINDS)), [kind.share for kind in KINDS])[0]
        answer = LogNormal(log(longer * KINDS[kind].median), KINDS[kind].sigma)
        calls = []
        for _ in range(min(max(round(CALLS.draw(rng)), 1), MOST_CALLS)):
            prompt = min(max(round(PROMPT.draw(rng)), 1), LONGEST_PROMPT)
            output = min(max(round(answer.draw(rng)), 1), LONGEST_OUTPUT)
            calls.append(Call(prompt, output, TOOL.draw(rng)))
        made.append(Caller(arrival, kind, tuple(calls)))
    return made
