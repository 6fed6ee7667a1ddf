"""A shorter program that is as good: terms taken out one at a time, constants rounded, and what each term is worth.

As good means: on train and on validation within a share of the gap of the program that one began with, and not
significantly worse on validation by a paired test. The bar does not move while the program gets shorter.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from evaluators.statistics import paired_test
from evolve.syntax import constants, fingerprint, with_constants
from evolve.syntax.algebra import round_to
from evolve.winner.terms import Removal, removals

TOLERANCE = 0.005  # of the champion's gaps
SIGNIFICANT = 0.05
ATONCE = 4  # programs that are tried side by side; a constant, so that every machine tries the same
DIGITS = (1, 2, 3)

Gaps = Sequence[float]
Measure = Callable[[str, str], Awaitable[Gaps | None]]  # (program, split) -> its gap on each instance, None if it fails


@dataclass(frozen=True)
class Bar:
    """What a shorter program has to keep: the champion's gaps on train and validation."""

    measure: Measure
    train: Gaps
    validation: Gaps

    async def keeps(self, source: str, unlike: str | None = None) -> bool:
        """Whether a program is as good. Validation is not measured for one that is worse on train.

        unlike: a program that it must differ from on one instance at least.
        """
        train = await self.measure(source, "train")
        if train is None or not _within(train, self.train):
            return False
        validation = await self.measure(source, "validation")
        if validation is None or not _within(validation, self.validation):
            return False
        if unlike and [train, validation] == [await self.measure(unlike, split) for split in ("train", "validation")]:
            return False
        if sum(validation) <= sum(self.validation):
            return True
        return paired_test(validation, self.validation).p_value >= SIGNIFICANT


def _within(gaps: Gaps, of: Gaps) -> bool:
    mean, known = sum(gaps) / len(gaps), sum(of) / len(of)
    return mean <= known + TOLERANCE * abs(known)


@dataclass(frozen=True)
class Simplified:
    """The shorter program, and the terms that went."""

    source: str
    removed: Sequence[str] = ()


async def simplify(source: str, bar: Bar, tries: int) -> Simplified:
    """Take out term after term, the one that shortens most first, with at most so many programs tried.

    What has a part in a condition and makes no difference stays: no instance here tells an idle term from a margin
    that others need.
    """
    rejected: set[str] = set()
    promising: set[str] | None = None  # terms that could go alone; the others are tried when none of these can
    removed: list[str] = []
    while tries > 0:
        options = [one for one in _shortest_first(source) if fingerprint(one.source) not in rejected]
        options.sort(key=lambda one: one.term not in (promising or ()))
        options = options[:tries]
        found: list[Removal] = []
        for start in range(0, len(options), ATONCE):
            some = options[start : start + ATONCE]
            kept = await asyncio.gather(*(bar.keeps(one.source, source if one.bound else None) for one in some))
            tries -= len(some)
            found += [one for one, good in zip(some, kept, strict=True) if good]
            rejected |= {fingerprint(one.source) for one, good in zip(some, kept, strict=True) if not good}
            if found and promising is not None:
                break
        if not found:
            break
        promising = promising if promising is not None else {one.term for one in found}
        source = found[0].source
        removed.append(found[0].term)
    return Simplified(source, removed)


def _shortest_first(source: str) -> list[Removal]:
    return sorted((one for one in removals(source) if one.safe), key=lambda one: one.size)


async def round_constants(source: str, bar: Bar) -> str:
    """The constants with as few digits as keep the program as good: all alike, then each with fewer if it can."""
    values = [item.value for item in constants(source)]
    digits = 0
    for digits in DIGITS:
        trial = [round_to(value, digits) for value in values]
        if trial == values or await bar.keeps(with_constants(source, trial)):
            values = trial
            break
    for index, value in enumerate(values):
        for fewer in range(1, digits):
            trial = [*values[:index], round_to(value, fewer), *values[index + 1 :]]
            if trial == values:
                break
            if await bar.keeps(with_constants(source, trial)):
                values = trial
                break
    return with_constants(source, values)


async def ablate(source: str, bar: Bar, tries: int) -> list[dict[str, Any]]:
    """What each term is worth: how much the mean gaps grow without it (None where the program fails then), the most
    important on train first. The largest terms where there are more than may be tried."""
    chosen = sorted(removals(source), key=lambda one: one.size)[:tries]
    return sorted(await asyncio.gather(*(_row(one, bar) for one in chosen)), key=_importance)


async def _row(one: Removal, bar: Bar) -> dict[str, Any]:
    train, validation = await asyncio.gather(bar.measure(one.source, "train"), bar.measure(one.source, "validation"))
    return {"term": one.term, "train": _more(train, bar.train), "validation": _more(validation, bar.validation)}


def _more(gaps: Gaps | None, than: Gaps) -> float | None:
    return None if gaps is None else sum(gaps) / len(gaps) - sum(than) / len(than)


def _importance(row: dict[str, Any]) -> tuple[bool, float, str]:
    return (row["train"] is not None, -(row["train"] or 0.0), row["term"])
