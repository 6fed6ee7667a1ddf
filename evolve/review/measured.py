"""What pages take from an archive about a candidate, its run's baselines, and their problem."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from evaluators.evaluate import InstanceResult
from evaluators.problem import SPLITS, Problem, ProblemError, load_problem
from evolve.archive import Archive
from evolve.archive.browsing import Glimpse
from evolve.figures import SplitFigures, against, focus_of, p_text, split_figures
from evolve.records import Candidate, Run
from evolve.review.formats import gap, signed

Results = Mapping[str, Sequence[InstanceResult]]


@dataclass(frozen=True)
class Measured:
    """A program and what it achieved, by split."""

    id: str
    name: str
    by: str
    size: int | None
    results: Results
    mine: bool = False

    @property
    def candidate(self) -> str:
        return self.id

    @cached_property
    def figures(self) -> dict[str, SplitFigures]:
        return {split: split_figures(split, found) for split, found in self.results.items()}

    def meets(self, other: Measured, split: str) -> bool:
        """Whether both are measured on an instance of a split: one of an older version of the problem may not be."""
        mine, theirs = ({result.instance for result in one.results.get(split, ())} for one in (self, other))
        return not mine.isdisjoint(theirs)


def measured(archive: Archive, candidate: Candidate | Glimpse, mine: bool = False) -> Measured:
    """A candidate with its results."""
    (found,) = _measured(archive, [candidate], mine)
    return found


def _measured(archive: Archive, candidates: Sequence[Candidate | Glimpse], mine: bool = False) -> list[Measured]:
    splits = archive.splits_of([one.id for one in candidates])
    return [
        _kept(
            *(archive, one.id, one.name or one.id, one.model or one.proposer, one.size),
            *(tuple(sorted(splits[one.id], key=_place)), mine),
        )
        for one in candidates
    ]


# A page that follows a run asks for the same programs every second; what was measured does not change.
@lru_cache(128)
def _kept(
    archive: Archive, id: str, name: str, by: str, size: int | None, splits: tuple[str, ...], mine: bool
) -> Measured:
    return Measured(id, name, by, size, {split: archive.results(id, split) for split in splits}, mine)


def baselines(archive: Archive, run: str) -> list[Measured]:
    """The humans' programs of a run that are measured."""
    return [one for one in _measured(archive, archive.humans(run)) if one.results]


def splits_of(programs: Sequence[Measured]) -> list[str]:
    """The splits on which any of them is measured."""
    return sorted({split for one in programs for split in one.results}, key=_place)


def ranked(programs: Sequence[Measured]) -> list[Measured]:
    """The best first, by the split that says most of those that any is measured on."""
    focus = focus_of(splits_of([one for one in programs if one.mine] or programs)) or ""

    def order(one: Measured) -> tuple[bool, float]:
        return (focus not in one.figures, one.figures[focus].gap_mean if focus in one.figures else 0.0)

    return sorted(programs, key=order)


def verdict(mine: Measured, others: Sequence[Measured]) -> str:
    """In a sentence: how good, against the best human's program, and whether chance explains it."""
    focus = focus_of(mine.results)
    if focus is None:
        return "It is not measured yet."
    own = mine.figures[focus]
    said = f"{mine.name}: mean gap {gap(own.gap_mean)} on {focus}"
    rivals = [one for one in others if mine.meets(one, focus)]
    if not rivals:
        return said + "."
    best = min(rivals, key=lambda one: one.figures[focus].gap_mean)
    test = against(focus, mine.results[focus], best.name, best.results[focus])
    sides = "better than" if test.difference < 0 else "worse than" if test.difference > 0 else "equal to"
    sure = "" if test.p_value < 0.05 else ", which chance may explain"
    return (
        f"{said}, {sides} {best.name}, the best baseline there, with {gap(best.figures[focus].gap_mean)}: difference "
        f"{signed(test.difference)}, {p_text(test.p_value)} in a paired test{sure}."
    )


def problem_of(run: Run) -> Problem | str:
    """A run's problem, or why it cannot be loaded."""
    try:
        return _load(run.folder)
    except (ProblemError, OSError, ValueError) as error:  # a folder's name may be none that this system can have
        return f"The problem of this run cannot be loaded: {error}"


@lru_cache(32)
def _load(folder: str) -> Problem:
    return load_problem(folder)


def scale_of(run: Run) -> str:
    """What a gap of the run's problem is."""
    problem = problem_of(run)
    return "distance to the reference" if isinstance(problem, str) else problem.evaluator.scale


def title_of(run: Run) -> str:
    """What the run's problem is called."""
    problem = problem_of(run)
    return Path(run.problem).name if isinstance(problem, str) else problem.spec.title


def _place(split: str) -> int:
    return SPLITS.index(split) if split in SPLITS else len(SPLITS)
