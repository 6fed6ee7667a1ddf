"""What of its budget a run has used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evolve.archive.rows import Usage
from evolve.records import Listed


@dataclass(frozen=True)
class Spent:
    """One kind of budget: `used` of `limit`, in `unit`; a limit of None was not set, a used of None is not known."""

    name: str
    used: float | None
    limit: float | None
    unit: str


def spent(config: Mapping[str, Any], candidates: Sequence[Listed], usage: Usage, seconds: float) -> list[Spent]:
    """What a run has used, of every kind.

    config: that of the run. seconds: wall-clock of its sessions (`evolve.wallclock`). Candidates are those of the run's
    own proposer; what the mutator writes beside a model is not budgeted. Dollars are not known where a call's price is
    not.
    """
    proposed = [c for c in candidates if c.proposed]
    own = [c for c in proposed if c.proposer == config.get("proposer", c.proposer)]
    used: dict[str, tuple[float | None, str]] = {
        "candidates": (len(own), ""),
        "calls": (usage.calls, ""),
        "tokens": (usage.input_tokens + usage.output_tokens, ""),
        "cost": (None if usage.unpriced_calls else usage.cost, "US dollars"),
        "evaluations": (sum(c.evaluations for c in proposed), "of all of train"),
        "hours": (seconds / 3600, "h"),
    }
    return [Spent(name, value, config.get(name), unit) for name, (value, unit) in used.items()]
