"""Agent programs: turns of a language model with calls of tools between them, over a context that grows.

Nothing public has all of it, so programs are drawn: turns, prompts, what tools append and outputs are log-normal. 75 %
of the calls are of quick tools, 25 % of slow ones: p50 0.23 s and p90 9 s over all of them, where TraceLab (CC-BY-4.0)
has 0.3 s and 13.6 s for coding agents, whose mean of 7.8 calls a prompt and appends of 870 tokens (p50) are of that
order too. Everything follows from a key.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from math import log
from typing import NamedTuple

from evaluators.serving.costs import Costs
from evaluators.serving.workloads import LogNormal, arrivals

FIRST, OUTPUT = LogNormal(8.7, 0.5), LogNormal(log(150), 0.9)  # tokens
TURNS, MOST_TURNS = LogNormal(log(9), 0.8), 60


class Tool(NamedTuple):
    """share of all calls; seconds that a call takes: exp of a normal variable around log(median)."""

    share: float
    median: float
    sigma: float


TOOLS = (
    Tool(0.30, 0.10, 1.0),
    Tool(0.25, 0.15, 1.0),
    Tool(0.20, 0.25, 1.0),
    Tool(0.10, 3.0, 1.5),
    Tool(0.10, 7.0, 1.5),
    Tool(0.05, 18.0, 1.5),
)


class Turn(NamedTuple):
    """new: tokens that the context grows by before the model is asked; output: tokens of its answer; then `tool` is
    called, which takes `seconds`. The last turn calls none: -1, 0."""

    new: int
    output: int
    tool: int
    seconds: float


@dataclass(frozen=True)
class Program:
    """arrival in ms; at least one turn."""

    arrival: float
    turns: tuple[Turn, ...]

    def alone(self, costs: Costs, chunk: int) -> float:
        """A lower bound on the time that it takes, ms: all it has to compute, once, alone on its engine, in iterations
        that prefill at most `chunk` tokens and never more than they must; and its tools."""
        total, context = 0.0, 0
        for turn in self.turns:
            known = max(0, context - 1)  # the last token that came out is not in the cache yet
            new = context + turn.new - known
            total += prefill(costs, new, known, chunk)
            context += turn.new
            steps = turn.output - 1  # one token comes out of the prefill
            total += steps * costs.iteration(1, context) + costs.kv * steps * (steps - 1) / 2
            context += turn.output
            total += 1000 * turn.seconds
        return total


def prefill(costs: Costs, new: int, known: int, chunk: int) -> float:
    """The least time that it takes to prefill `new` tokens after `known` ones, at most `chunk` in an iteration, ms."""
    chunks = -(-new // chunk)
    products = max(chunks * costs.w, chunks * costs.l0 + costs.l1 * new)
    return (
        chunks * (costs.t0 + costs.sequence) + products + costs.attention * new * (known + new / 2) + costs.kv * known
    )


def programs(
    key: str, rate: float, count: int, cv: float, append: tuple[float, float], slow: float, longest: int
) -> list[Program]:
    """`count` programs in order of arrival, `rate` a second on average.

    cv: of the times between arrivals. append: median and log-standard deviation of the tokens that a tool appends.
    slow: factor on the time that tools take. A program ends early where its context would exceed `longest` tokens.
    """
    made = []
    for number, arrival in enumerate(arrivals(key, rate, count, cv)):
        made.append(Program(arrival, _turns(random.Random(f"{key}|program {number}"), append, slow, longest)))
    return made


def _turns(rng: random.Random, append: tuple[float, float], slow: float, longest: int) -> tuple[Turn, ...]:
    count = min(max(round(TURNS.draw(rng)), 2), MOST_TURNS)
    grows = LogNormal(log(append[0]), append[1])
    turns: list[Turn] = []
    context = 0
    for k in range(count):
        new = max(1, round((grows if k else FIRST).draw(rng)))
        output = max(1, round(OUTPUT.draw(rng)))
        tool = rng.choices(range(len(TOOLS)), [tool.share for tool in TOOLS])[0]
        seconds = slow * rng.lognormvariate(log(TOOLS[tool].median), TOOLS[tool].sigma)
        if not k:
            new = min(new, longest // 2)
            output = min(output, longest // 4)
        context += new + output
        if context > longest:
            break
        turns.append(Turn(new, output, tool, seconds))
    turns[-1] = Turn(turns[-1].new, turns[-1].output, -1, 0.0)
    return tuple(turns)
