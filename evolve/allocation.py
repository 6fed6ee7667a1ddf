"""How calls and evaluations are split between new programs, repairs and tuning: by what the first of each returned.

Decided when a candidate is asked for, from the candidates told by then, so that a replay decides the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from evolve.records import Candidate

PILOTS = 4  # of each kind, before what they returned counts
WORTH = 0.5  # a repair must succeed at least this often, as a share of how often a new program runs
LEAST, MOST = 0.25, 2.0  # times the usual evaluations that a tuning may get
RAN = ("valid", "duplicate", "outraced")


@dataclass
class Rate:
    """How often something succeeded."""

    tries: int = 0
    successes: int = 0

    def tell(self, success: bool) -> None:
        self.tries += 1
        self.successes += success

    def __float__(self) -> float:
        """With one success and one failure assumed before the first try."""
        return (self.successes + 1) / (self.tries + 2)


@dataclass
class Allocation:
    """What a candidate may use, in `Candidate.note`: "repairs" (calls) and "tune" (evaluations)."""

    repairs: int
    tuning: int
    _new: dict[str | None, Rate] = field(default_factory=dict)  # programs of a model that ran at once
    _mended: dict[str | None, Rate] = field(default_factory=dict)
    _tuned: Rate = field(default_factory=Rate)

    def share(self, model: str | None) -> Mapping[str, Any]:
        """For a new candidate by this model."""
        new, mended = self._new.get(model, Rate()), self._mended.get(model, Rate())
        hopeless = mended.tries >= PILOTS and float(mended) < WORTH * float(new)
        factor = 1.0 if self._tuned.tries < PILOTS else min(MOST, max(LEAST, 2 * float(self._tuned)))
        return {"repairs": 0 if hopeless else self.repairs, "tune": round(self.tuning * factor)}

    def tell(self, candidate: Candidate) -> None:
        """Learn from a candidate whose life is over."""
        ran, model = candidate.status in RAN, candidate.model
        if "repaired" in candidate.note:
            self._new.setdefault(model, Rate()).tell(False)
            self._mended.setdefault(model, Rate()).tell(ran)
        elif candidate.status not in ("pending", "failed"):
            self._new.setdefault(model, Rate()).tell(ran)
        if candidate.note.get("tuning"):
            self._tuned.tell(candidate.note.get("tuned", False))
