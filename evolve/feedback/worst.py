"""The instances where a program loses most to the best baseline of their class, and where the two part."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from evaluators.evaluate import InstanceResult
from evaluators.parting import Inspection, Parting
from evolve.feedback.values import figure, line, short
from evolve.feedback.yardsticks import Yardsticks

METRICS = 4
FEATURES = 8  # of an item
SCALARS = 5


@dataclass(frozen=True)
class Case:
    """An instance on which a program does badly, beside the best baseline of its class. `position` is the instance's
    in the split; `inspection` says how the program plays it, once that is known."""

    position: int
    mine: InstanceResult
    theirs: InstanceResult
    rival: str
    inspection: Inspection | None = None

    @property
    def regret(self) -> float:
        return self.mine.gap - self.theirs.gap

    def inspected(self, inspection: Inspection) -> Case:
        return replace(self, inspection=inspection)


def worst_cases(results: Sequence[InstanceResult], known: Yardsticks, most: int = 2) -> list[Case]:
    """The instances with the largest regret against the best baseline of their class, at most one of a class where
    there are several."""
    cases = []
    for position, mine in enumerate(results):
        rival, _ = known.best.get(mine.group, (None, None))
        theirs = known.results.get(rival or "", {}).get(mine.instance)
        if rival is not None and theirs is not None and mine.gap > theirs.gap:
            cases.append(Case(position, mine, theirs, rival))
    cases.sort(key=lambda case: (-case.regret, case.position))
    several = len({result.group for result in results}) > 1
    first: dict[object, Case] = {}
    for case in cases:
        first.setdefault(case.mine.group if several else case.position, case)
    return list(first.values())[:most]


def levels(cases: Sequence[Case]) -> dict[str, float]:
    """Of the features of priority rules: a positive value from where the program and its rival part, halfway between
    those of the items that they choose where these differ. It is of the size at which the feature matters."""
    found: dict[str, float] = {}
    for parting in (case.inspection.parting for case in cases if case.inspection is not None):
        if parting is None or not parting.features:
            continue
        halfway = {name: (value + parting.theirs.get(name, value)) / 2 for name, value in parting.mine.items()}
        for name, value in {**parting.seen, **halfway}.items():
            if value > 0 and math.isfinite(value):
                found.setdefault(name, value)
    return found


# --- text -------------------------------------------------------------------------------------------------------------


def case_lines(case: Case) -> list[str]:
    """The case as lines of a prompt."""
    mine, theirs, rival = case.mine, case.theirs, case.rival
    lines = [
        f"- An instance of class {line(mine.group, 60)}: cost {figure(mine.cost)}, {rival} {figure(theirs.cost)}, "
        f"reference {figure(mine.reference)}."
    ]
    if metrics := _metrics(mine.metrics, theirs.metrics):
        lines.append(f"  Beside {rival}: {metrics}.")
    if case.inspection is not None and case.inspection.parting is not None:
        lines += [f"  {text}" for text in parting_lines(case.inspection.parting, rival)]
    elif case.inspection is not None and (entries := _trace(case.inspection.trace)):
        lines.append(f"  Its outcome begins: {entries}.")
    return lines


def _metrics(mine: Mapping[str, float], theirs: Mapping[str, float]) -> str:
    names = [name for name in mine if name in theirs and figure(mine[name]) != figure(theirs[name])]
    return "; ".join(
        f"{line(name, 40)} {figure(mine[name])} against {figure(theirs[name])}" for name in names[:METRICS]
    )


def parting_lines(parting: Parting, rival: str) -> list[str]:
    """Where the two part: what both saw, what each chose."""
    if not parting.features:
        return [
            f"They part at decision {parting.step + 1}, given {_entries(parting.seen)}:",
            f"this program answers {line(short(parting.mine), 160)}, {rival} {line(short(parting.theirs), 160)}.",
        ]
    names = [name for name in parting.mine if parting.mine[name] != parting.theirs.get(name)][:FEATURES]
    if not names:
        return []
    scalars = ", ".join(f"{name} {figure(value)}" for name, value in list(parting.seen.items())[:SCALARS])
    chosen = [", ".join(f"{name} {figure(row[name])}" for name in names) for row in (parting.mine, parting.theirs)]
    ties = [f" (one of {count} that tie)" if count > 1 else "" for count in parting.tied]
    return [
        f"They part at decision {parting.step + 1}" + (f" ({scalars})" if scalars else "") + ":",
        f"this program puts first the item with {chosen[0]}{ties[0]};",
        f"{rival} the one with {chosen[1]}{ties[1]}.",
    ]


def _entries(seen: Any) -> str:
    if not isinstance(seen, Mapping):
        return line(short(seen), 240)
    return line(", ".join(f"{key} = {short(value, 1)}" for key, value in seen.items()), 300)


def _trace(trace: Sequence[Mapping[str, Any]]) -> str:
    """Entries with measured figures, without names: true names and indices are not for candidates to know."""
    shown = []
    for entry in trace:
        numbers = {name: value for name, value in entry.items() if type(value) in (int, float)}
        if any(type(value) is float for value in numbers.values()):
            shown.append(", ".join(f"{name} {figure(value)}" for name, value in numbers.items()))
    return line("; ".join(shown), 200)
