"""The end of runs of a small problem: what is found, recorded, taken up again and played again."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from evolve.archive import Archive
from evolve.config import RunConfig, read_config
from evolve.records import BUILT_IN, Candidate, Run
from evolve.replay import replay
from evolve.session import Ending, conduct, new_run
from evolve.syntax import fingerprint
from evolve.winner import report_of
from evolve.winner.stage import Stage
from tests.engine.conftest import Conducted
from tests.engine.listening import Silent

Searched = Callable[..., Conducted]
CANDIDATES = 24


@pytest.fixture(scope="module", autouse=True)
def few_evaluations() -> Iterator[None]:
    """The end of a run in fewer evaluations."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("evolve.winner.stage.AFFORDABLE", 0.1)
        yield


@pytest.fixture(scope="module")
def ended(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Conducted:
    """A run with all that its end may do; not to be changed."""
    archive = Archive.open(tmp_path_factory.mktemp("ended") / "a.db")
    return asyncio.run(conduct(new_run(config(tiny), archive), archive, Silent())), archive


def config(tiny: Path) -> RunConfig:
    return read_config(str(tiny), None, {"sandbox": "process", "candidates": CANDIDATES})


def copied(ended: Conducted, folder: Path) -> tuple[Run, Archive]:
    """The same, to be changed."""
    ending, archive = ended
    with (
        closing(sqlite3.connect(str(archive.url).removeprefix("sqlite:///"))) as one,
        closing(sqlite3.connect(folder / "copy.db")) as other,
    ):
        one.backup(other)
    opened = Archive.open(folder / "copy.db")
    return opened.run(ending.run.id), opened


def made_at_the_end(archive: Archive, run: str) -> list[Candidate]:
    return [candidate for candidate in archive.candidates_of(run) if candidate.proposer == BUILT_IN]


def test_what_the_end_makes_are_candidates_of_the_run(ended: Conducted) -> None:
    ending, archive = ended
    made = made_at_the_end(archive, ending.run.id)
    assert made
    assert [one.number for one in made] == list(range(CANDIDATES + 1, CANDIDATES + 1 + len(made)))
    for one in made:
        assert (one.operator, one.status, one.told) == ("refine", "valid", one.number)
        assert one.evaluations > 1
        parent = archive.candidate(one.parents[0])
        assert parent.syntax != one.syntax
        how = one.note["refined"]
        assert (one.thought or "").endswith((f"({how}).", f"Its parent, {how}."))
        assert not re.search(r"[*/+]", one.thought or "")  # no formula that may be true no longer
        assert archive.results(one.id, "train")
        assert archive.results(one.id, "validation")
    assert archive.counts(ending.run.id)
    champion = ending.champion
    assert champion is not None
    assert set(champion.gaps) == {"train", "validation", "test"}
    assert ending.run.champion == champion.id
    measured_on_test = [c.id for c in archive.candidates_of(ending.run.id) if c.number > 0 and "test" in c.gaps]
    assert measured_on_test == [champion.id]


def test_the_report_says_what_the_archive_holds(ended: Conducted) -> None:
    ending, archive = ended
    champion = ending.champion
    assert champion is not None
    report = report_of(archive, champion)
    assert report is not None
    assert report["ablation"]
    assert len(report["relabelled"]) == 4
    assert report["evaluations"]["train"] > 20
    if report["simplified"]:
        before = archive.candidate(report["simplified"]["from"])
        assert champion.parents == (before.id,)
        assert champion.gaps["validation"] <= before.gaps["validation"] * 1.005
        assert report["simplified"]["size"] == [before.size, champion.size]
    if (test := report["runner_up"]) is not None:
        other = archive.candidate(test["against"])
        assert other.behaviour != champion.behaviour
        assert test["difference"] == pytest.approx(champion.gaps["validation"] - other.gaps["validation"])
    assert all(report_of(archive, one) is None for one in archive.candidates_of(ending.run.id) if one.id != champion.id)


def test_without_polish_nothing_is_made(searched: Searched) -> None:
    ending, archive = searched(candidates=CANDIDATES)
    assert made_at_the_end(archive, ending.run.id) == []
    assert ending.champion is not None
    report = report_of(archive, ending.champion)
    assert report is not None
    assert set(report) == {"runner_up", "evaluations"}


def test_a_finished_run_goes_on_after_the_numbers_of_its_end_and_is_replayed(ended: Conducted, tmp_path: Path) -> None:
    run, archive = copied(ended, tmp_path)
    before = {c.number: c.id for c in archive.candidates_of(run.id)}
    run.config["candidates"] = CANDIDATES + 8
    asyncio.run(conduct(run, archive, Silent()))
    candidates = archive.candidates_of(run.id)
    assert len([c for c in candidates if c.proposed]) == CANDIDATES + 8
    assert {c.number: c.id for c in candidates}.items() >= before.items()
    numbers = [c.number for c in candidates if c.number > 0]
    assert numbers == list(range(1, len(numbers) + 1))
    assert sorted(c.told or 0 for c in candidates if c.number > 0) == numbers
    with Archive.open(tmp_path / "replay.db") as into:
        again, differences = asyncio.run(replay(run, archive, into, Silent()))
        assert differences == []
        sources = [c.source for c in made_at_the_end(into, again.run.id)]
    assert sources == [c.source for c in made_at_the_end(archive, run.id)]


class Killed(Exception):
    """Stands for the end of the process."""


@pytest.mark.parametrize(("method", "call"), [("record", n) for n in range(3)] + [("admit", 0)])
def test_a_run_that_is_killed_in_the_middle_has_the_same_end(
    method: str, call: int, ended: Conducted, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uninterrupted, archive = ended
    with Archive.open(tmp_path / "killed.db") as other, monkeypatch.context() as patched:
        run = new_run(config(tiny), other)
        kill_after(patched, method, call)
        killed = False
        try:
            ending = asyncio.run(conduct(run, other, Silent()))
        except Killed:
            killed = True
            patched.undo()
            ending = asyncio.run(conduct(other.run(run.id), other, Silent()))
        assert killed or method == "admit"  # nothing may have been gained so often
        assert essence(ending, other) == essence(uninterrupted, archive)


def kill_after(patched: pytest.MonkeyPatch, method: str, call: int) -> None:
    """The process ends when so many calls of a method of the stage have done their work."""
    real: Any = getattr(Stage, method)
    left = [call]

    def dead() -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Killed

    def record(*arguments: Any) -> Any:
        result = real(*arguments)
        dead()
        return result

    async def admit(*arguments: Any) -> Any:
        result = await real(*arguments)
        dead()
        return result

    patched.setattr(Stage, method, record if method == "record" else admit)


def essence(ending: Ending, archive: Archive) -> list[tuple[Any, ...]]:
    made = made_at_the_end(archive, ending.run.id)
    rows = [(c.number, c.source, c.gaps, c.evaluations, c.told) for c in made]
    assert ending.champion is not None
    assert ending.run.status == "finished"
    return [*rows, (ending.champion.number, fingerprint(ending.champion.source or ""), ending.champion.gaps)]
