"""Budgets of a run: candidates, calls, tokens, money, evaluations and wall-clock; whichever ends first ends the run."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

FIRST_CALL_TOKENS = 4_000  # assumed of a call before any has come back


@dataclass(frozen=True)
class Limits:
    """What a run may use; None is no limit.

    candidates: programs that the run's proposer writes. calls: of a model, repairs and reflections included. tokens:
    input and output. cost: US dollars. evaluations: of a program on all of train; of a part of it, its share.
    """

    candidates: int | None = None
    calls: int | None = None
    tokens: int | None = None
    cost: float | None = None
    evaluations: float | None = None
    hours: float | None = None


@dataclass
class Budget:
    """What is used and what is in flight. A call is refused when what is in flight may already use the rest up."""

    limits: Limits
    seconds_before: float = 0.0  # used by earlier sessions of a resumed run
    candidates: int = 0
    tokens: int = 0
    cost: float = 0.0
    calls: int = 0
    evaluations: float = 0.0  # of the candidates told
    in_flight: int = 0
    closed: str | None = None  # why nothing more is started, whatever is left
    _started: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Wall-clock used, over all sessions of the run."""
        return self.seconds_before + time.monotonic() - self._started

    def _per_call(self) -> tuple[float, float]:
        if not self.calls:
            return FIRST_CALL_TOKENS, 0.0
        return self.tokens / self.calls, self.cost / self.calls

    def exhausted(self, calling: bool = False) -> str | None:
        """Why nothing more may be started, or None. `calling`: for one more call of a candidate already counted."""
        if self.closed is not None:
            return self.closed
        tokens, cost = self._per_call()
        waiting = self.in_flight + 1
        limits = self.limits
        if not calling and limits.candidates is not None and self.candidates >= limits.candidates:
            return f"{limits.candidates} candidates"
        if limits.calls is not None and self.calls + waiting > limits.calls:
            return f"{limits.calls} calls"
        if limits.tokens is not None and self.tokens + waiting * tokens > limits.tokens:
            return f"{limits.tokens} tokens"
        if limits.cost is not None and (self.cost >= limits.cost or self.cost + waiting * cost > limits.cost):
            return f"${limits.cost:g}"
        if not calling and limits.evaluations is not None and self.evaluations >= limits.evaluations:
            return f"{limits.evaluations:g} evaluations"
        if limits.hours is not None and self.seconds >= limits.hours * 3600:
            return f"{limits.hours:g} h"
        return None

    @property
    def over(self) -> bool:
        """Whether nothing at all may be started, calls or not."""
        evaluations, hours = self.limits.evaluations, self.limits.hours
        spent = evaluations is not None and self.evaluations >= evaluations
        return self.closed is not None or spent or (hours is not None and self.seconds >= hours * 3600)

    def spend(self, tokens: int, cost: float | None) -> None:
        """Book a call that has come back; cost None is a model without a known price."""
        self.calls += 1
        self.tokens += tokens
        self.cost += cost or 0.0

    def seconds_to_deadline(self, grace: float) -> float | None:
        """Seconds until the time budget and a grace are over; None without a time budget."""
        if self.limits.hours is None:
            return None
        return max(0.0, self.limits.hours * 3600 + grace - self.seconds)

    @property
    def progress(self) -> float:
        """Share of the budget that is used, 0 to 1: that of the limit which is nearest."""
        limits = self.limits
        shares = [0.0]
        if limits.candidates:
            shares.append(self.candidates / limits.candidates)
        if limits.calls:
            shares.append(self.calls / limits.calls)
        if limits.tokens:
            shares.append(self.tokens / limits.tokens)
        if limits.cost:
            shares.append(self.cost / limits.cost)
        if limits.evaluations:
            shares.append(self.evaluations / limits.evaluations)
        if limits.hours:
            shares.append(self.seconds / (limits.hours * 3600))
        return min(1.0, max(shares))
