"""What users of a serving engine feel, of the sequences that it has finished; all times in ms."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil

import numpy as np

from evaluators.serving.costs import Costs
from evaluators.serving.gaps import Gaps
from evaluators.serving.requests import Request, Sequence


def ttft(sequence: Sequence) -> float:
    """Time to first token, from arrival."""
    assert sequence.first_token is not None
    return sequence.first_token - sequence.request.arrival


def e2e(sequence: Sequence) -> float:
    """Time from arrival to the last token."""
    assert sequence.finished is not None
    return sequence.finished - sequence.request.arrival


def queueing(sequence: Sequence) -> float:
    """Time from arrival to the first admission."""
    assert sequence.admitted is not None
    return sequence.admitted - sequence.request.arrival


def pace(sequence: Sequence) -> float:
    """Mean time between the tokens of a request; 0 if it has one."""
    assert sequence.finished is not None
    assert sequence.first_token is not None
    return (sequence.finished - sequence.first_token) / max(1, sequence.request.output - 1)


def pace_alone(costs: Costs, request: Request) -> float:
    """The same on an engine of its own: contexts from `prompt` to `prompt` + output - 2 tokens."""
    if request.output == 1:
        return 0.0
    return costs.iteration(1, request.prompt) + costs.kv * (request.output - 2) / 2


def tail_mean(values: Iterable[float], share: float) -> float:
    """Mean of the largest 1 - `share` of the values, one at least: the expected shortfall. No single one can hide."""
    ordered = sorted(values)
    return float(np.mean(ordered[min(len(ordered) - 1, ceil(share * len(ordered) - 1e-9)) :]))


def figures(finished: Iterable[Sequence], gaps: Gaps) -> dict[str, float]:
    """Mean, P50 and P99 of TTFT, TBT (time between tokens) and E2E, mean and P99 of queueing, output tokens per s."""
    done = list(finished)
    made: dict[str, float] = {}
    for name, measure in (("ttft", ttft), ("e2e", e2e), ("queueing", queueing)):
        values = [measure(sequence) for sequence in done]
        made[f"{name}_mean"] = float(np.mean(values))
        made[f"{name}_p50"], made[f"{name}_p99"] = (float(q) for q in np.quantile(values, (0.5, 0.99)))
    made["tbt_mean"], made["tbt_p50"], made["tbt_p99"] = gaps.mean(), gaps.quantile(0.5), gaps.quantile(0.99)
    span = max(s.finished or 0.0 for s in done) - min(s.request.arrival for s in done)
    made["tokens_per_s"] = 1000.0 * sum(s.request.output for s in done) / span
    made["preemptions"] = float(sum(s.preemptions for s in done))
    return made
