"""What each operator and each model contributed to a run."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from evolve.insight.anytime import improvements
from evolve.records import Call, Listed

Thing = TypeVar("Thing")
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Contribution:
    """What one source of candidates brought, and what it took.

    candidates: that it made. valid: of these, the new ones that ran on every train instance. ran: these, and those
    that were outraced or duplicates. improvements: that lowered the run's best train gap when they were told; gain: by
    how much in all, on the problem's scale. best: its best train gap, None where none is valid. cost: US dollars, None
    where the price of a call is unknown.
    """

    name: str
    candidates: int
    valid: int
    ran: int
    improvements: int
    gain: float
    best: float | None
    evaluations: float
    calls: int
    tokens: int
    cost: float | None

    @property
    def valid_share(self) -> float:
        """Of its candidates, the share that is valid."""
        return self.valid / self.candidates

    @property
    def ran_share(self) -> float:
        """Of its candidates, the share whose program worked, new or not."""
        return self.ran / self.candidates


def by_operator(candidates: Sequence[Listed], calls: Sequence[Call] = ()) -> list[Contribution]:
    """The operators of a run by gain, the largest first; then by improvements, valid candidates and name."""
    return _grouped(candidates, calls, lambda one: one.operator)


def by_model(candidates: Sequence[Listed], calls: Sequence[Call] = ()) -> list[Contribution]:
    """The same of its models; a proposer that is none, such as the mutator, stands by its own name."""
    return _grouped(candidates, calls, lambda one: one.model or one.proposer)


def _grouped(
    candidates: Sequence[Listed], calls: Sequence[Call], name_of: Callable[[Listed], str]
) -> list[Contribution]:
    gains = improvements(candidates)
    mine = _by((c for c in candidates if c.proposed), name_of)
    asked = _by(calls, lambda call: call.number)
    rows = []
    for name, ones in mine.items():
        spent = [call for one in ones for call in asked.get(one.number, ())]
        rows.append(
            Contribution(
                name=name,
                candidates=len(ones),
                valid=sum(one.status == "valid" for one in ones),
                ran=sum(one.status in ("valid", "duplicate", "outraced") for one in ones),
                improvements=sum(one.id in gains for one in ones),
                gain=sum(gains.get(one.id, 0.0) for one in ones),
                best=min((one.train for one in ones if one.status == "valid" and one.train is not None), default=None),
                evaluations=sum(one.evaluations for one in ones),
                calls=len(spent),
                tokens=sum(call.tokens for call in spent),
                cost=_sum([call.cost for call in spent if call.replied]),
            )
        )
    return sorted(rows, key=lambda row: (-row.gain, -row.improvements, -row.valid, row.name))


def _by(things: Iterable[Thing], key: Callable[[Thing], Key]) -> dict[Key, list[Thing]]:
    grouped: dict[Key, list[Thing]] = {}
    for thing in things:
        grouped.setdefault(key(thing), []).append(thing)
    return grouped


def _sum(costs: Sequence[float | None]) -> float | None:
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None
