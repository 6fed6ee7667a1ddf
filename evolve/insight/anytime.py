"""The anytime curve of a run: the best so far against what was used so far."""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from evolve.records import Call, Listed
from evolve.wallclock import within

AXES = {  # budget or axis -> what its values are
    "candidates": "candidates",
    "calls": "calls of the model",
    "tokens": "tokens, input and output",
    "cost": "US dollars",
    "evaluations": "evaluations on train",
    "seconds": "seconds of search",
}
MEASURES = {"train": "best gap on train", "validation": "gap of the incumbent on validation"}


@dataclass(frozen=True)
class Step:
    """From its place on every axis (see AXES) up to that of the next step, a run's best were these (see MEASURES).

    candidate: the one whose telling made the step, None where that changed nothing. cost is None from the first call
    without a known price on; train and validation are None as long as there is nothing.
    """

    candidate: str | None
    candidates: int
    calls: int
    tokens: int
    cost: float | None
    evaluations: float
    seconds: float
    train: float | None
    validation: float | None


def anytime(candidates: Sequence[Listed], calls: Sequence[Call], spans: Sequence[tuple[float, float]]) -> list[Step]:
    """The steps of a run, in order: its initial program, every change of a measure, the end of the search.

    candidates: all of the run, in any order. calls: in the order in which they came (`Archive.calls`). spans: its
    sessions (`evolve.wallclock.sessions`). Calls, tokens and dollars count when they come back; seconds from when the
    first candidate was asked for, sessions alone.
    """
    told = sorted((c for c in candidates if c.told is not None and c.proposed), key=lambda c: c.told or 0)
    asked = min((c.created for c in candidates if c.number > 0), default=None)
    before = within(spans, asked) if asked is not None else 0.0
    came = [call.came for call in calls]
    tokens = [0, *accumulate(call.tokens for call in calls)]
    cost = [0.0, *accumulate(_dollars(call) for call in calls)]

    leading = _Leading()
    initial = next((c for c in candidates if c.number == 0), None)
    led = initial is not None and leading.meets(initial)
    first = initial.id if led and initial else None
    steps = [Step(first, 0, 0, 0, 0.0, 0.0, 0.0, leading.train, leading.validation)]
    evaluations = 0.0
    for place, one in enumerate(told, start=1):
        evaluations += one.evaluations
        led = leading.meets(one)
        if not led and place < len(told):
            continue
        count = bisect.bisect_right(came, one.finished if one.finished is not None else math.inf)
        steps.append(
            Step(
                one.id if led else None,
                one.told or 0,
                count,
                tokens[count],
                None if math.isnan(cost[count]) else cost[count],
                evaluations,
                within(spans, one.finished) - before,
                leading.train,
                leading.validation,
            )
        )
    return steps


def held(steps: Sequence[Step], places: int) -> tuple[list[float | None], list[float | None]]:
    """The best train gap and the incumbent's validation gap at evenly spaced places of a curve, by candidates, the
    first and the last included: what a small picture shows."""
    last = steps[-1].candidates
    counts = [step.candidates for step in steps]
    at = [last * place / max(1, places - 1) for place in range(places)]
    found = [steps[bisect.bisect_right(counts, count) - 1] for count in at]
    return [step.train for step in found], [step.validation for step in found]


def improvements(candidates: Iterable[Listed]) -> dict[str, float]:
    """By how much each candidate lowered the best gap on train when it was told, for those that did.

    The first that is valid, where the initial program is not, improves on nothing: by 0.
    """
    told = sorted((c for c in candidates if c.told is not None and c.proposed), key=lambda c: c.told or 0)
    best = next((c.train for c in candidates if c.number == 0 and c.status == "valid"), None)
    found: dict[str, float] = {}
    for one in told:
        if one.status == "valid" and one.train is not None and (best is None or one.train < best):
            found[one.id] = 0.0 if best is None else best - one.train
            best = one.train
    return found


class _Leading:
    """The best train gap, and the validation gap of the best on train among those that have one."""

    def __init__(self) -> None:
        self.train: float | None = None
        self.validation: float | None = None
        self._incumbent = math.inf

    def meets(self, one: Listed) -> bool:
        """Whether a candidate changes either."""
        if one.status != "valid" or one.train is None:
            return False
        before = (self.train, self.validation)
        self.train = one.train if self.train is None else min(self.train, one.train)
        if "validation" in one.gaps and one.train < self._incumbent:
            self._incumbent, self.validation = one.train, one.gaps["validation"]
        return (self.train, self.validation) != before


def _dollars(call: Call) -> float:
    """What a call cost, NaN for an answer whose price is unknown; one without an answer costs nothing."""
    return call.cost if call.cost is not None else (math.nan if call.replied else 0.0)
