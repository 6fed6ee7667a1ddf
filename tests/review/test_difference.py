"""Which instance the page of a difference shows first, and what it says where no decision can be shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evaluators.problem import load_problem
from evolve.archive import Archive
from evolve.review.difference import Asked, difference_page
from evolve.review.playing import playing
from tests.archive import samples

DUE = "def priority(d):\n    return d\n"
LATEST = "def priority(d):\n    return -d\n"
IN_ORDER = "def solve(instance):\n    return list(range(len(instance['p'])))\n"
BY_DUE = (
    "def solve(instance):\n    return sorted(range(len(instance['d'])), key=lambda job: (instance['d'][job], job))\n"
)


def shown(folder: Path, archive: Archive, sources: tuple[str, str], gaps: tuple[float, float, float]) -> list[Any]:
    """The cases of a page: a program beside a baseline, on instances where its gap is 10 and such a difference."""
    names = [one.key for one in load_problem(str(folder)).instances("train")[:3]]
    archive.create_run(samples.run(folder=str(folder)))
    theirs = [replace(one, instance=name, gap=10.0) for one, name in zip(samples.results(), names, strict=True)]
    mine = [replace(one, gap=10.0 + more) for one, more in zip(theirs, gaps, strict=True)]
    valid: dict[str, Any] = {"status": "valid", "gaps": {"train": 10.0}}
    archive.save_candidate(samples.candidate(-1, name="rival", source=sources[1], **valid), {"train": theirs})
    archive.save_candidate(samples.candidate(1, source=sources[0], **valid), {"train": mine})
    page = difference_page(archive, archive.candidate("k3f9qz-1"), playing("process"), Asked(), several=True)
    return list(page.context["cases"])


@pytest.mark.parametrize(
    ("sources", "says"),
    [
        ((DUE, IN_ORDER), "asked in different ways, k3f9qz-1 by its function priority and rival by its function solve"),
        ((BY_DUE, IN_ORDER), "decide all at once"),
        ((DUE, DUE + "\n# as it was\n"), "take the same decisions here"),
    ],
)
def test_why_no_decision_is_shown(sources: tuple[str, str], says: str, tiny: Path, tmp_path: Path) -> None:
    with Archive.open(tmp_path / "a.db") as archive:
        (case, *_) = shown(tiny, archive, sources, (-1.0, 0.0, 1.0))
    assert case["failure"] == ""
    assert case["parting"] is None
    assert says in case["alike"]


def test_rules_that_part_have_a_decision(tiny: Path, tmp_path: Path) -> None:
    with Archive.open(tmp_path / "a.db") as archive:
        (case, *_) = shown(tiny, archive, (DUE, LATEST), (-1.0, 0.0, 1.0))
    assert case["parting"]["step"] == 0


@pytest.mark.parametrize(
    ("gaps", "first", "then"),
    [
        ((2.0, -3.0, 1.0), "where it gains most: -3 in gap", "where it loses most: +2 in gap"),
        ((0.0, 4.0, 1.0), "where it loses most: +4 in gap", "where it loses least: +0 in gap"),
        ((-1.0, -4.0, 0.0), "where it gains most: -4 in gap", "where it gains least: +0 in gap"),
        ((0.0, 0.0, 0.0), "it neither gains nor loses on any instance", None),
    ],
)
def test_the_instance_that_is_shown_first(
    gaps: tuple[float, float, float], first: str, then: str | None, tiny: Path, tmp_path: Path
) -> None:
    with Archive.open(tmp_path / "a.db") as archive:
        cases = shown(tiny, archive, (DUE, LATEST), gaps)
    assert [case["why"] for case in cases] == [said for said in (first, then) if said]
