"""Budgets of a run: candidates, tokens, money and wall-clock; whichever ends first ends the run."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

FIRST_CALL_TOKENS = 4_000  # assumed of a call before any has come back


@dataclass(frozen=True)
class Limits:
    """What a run may use; None is no limit. tokens counts input and output, cost is in US dollars."""

    candidates: int | None = None
    tokens: int | None = None
    cost: float | None = None
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
    in_flight: int = 0
    unpriced: int = 0
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
        if limits.tokens is not None and self.tokens + waiting * tokens > limits.tokens:
            return f"{limits.tokens} tokens"
        if limits.cost is not None and (self.cost >= limits.cost or self.cost + waiting * cost > limits.cost):
            return f"${limits.cost:g}"
        if limits.hours is not None and self.seconds >= limits.hours * 3600:
            return f"{limits.hours:g} h"
        return None

    def spend(self, tokens: int, cost: float | None) -> None:
        """Book a call that has come back; cost None is a model without a known price."""
        self.calls += 1
        self.tokens += tokens
        self.cost += cost or 0.0
        self.unpriced += cost is None

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
        if limits.tokens:
            shares.append(self.tokens / limits.tokens)
        if limits.cost:
            shares.append(self.cost / limits.cost)
        if limits.hours:
            shares.append(self.seconds / (limits.hours * 3600))
        return min(1.0, max(shares))
