"""How the candidates of a run ended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from evolve.records import STATUSES, Listed, Status
from sandbox.session import KINDS

REPLIES = {"reply": "the reply held no program, or its edits did not apply", "call": "the proposer gave no reply"}


@dataclass(frozen=True)
class Ending:
    """So many candidates of a run ended so: a status, and for failures their kind. share: of all its candidates."""

    status: Status
    kind: str | None
    count: int
    share: float

    @property
    def name(self) -> str:
        """Short: the status, or the kind of failure."""
        return self.kind or self.status

    @property
    def meaning(self) -> str:
        """In words."""
        return {**KINDS, **REPLIES}.get(self.kind or "", STATUSES[self.status])


def endings(candidates: Iterable[Listed]) -> list[Ending]:
    """How the proposals among these ended, in the order of STATUSES; failures by how many there are of a kind."""
    counts: dict[tuple[Status, str | None], int] = {}
    for one in candidates:
        if one.proposed:
            key = (one.status, one.failure_kind if one.status in ("invalid", "unparsed", "failed") else None)
            counts[key] = counts.get(key, 0) + 1
    total = sum(counts.values())
    rows = [Ending(status, kind, count, count / total) for (status, kind), count in counts.items()]
    order = list(STATUSES)
    return sorted(rows, key=lambda row: (order.index(row.status), -row.count, row.kind or ""))
