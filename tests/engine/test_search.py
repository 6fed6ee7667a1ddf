"""Searches with the built-in mutator, from beginning to end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from evolve.archive import Archive
from evolve.config import read_config
from evolve.records import Candidate
from evolve.replay import replay
from evolve.session import conduct, new_run
from evolve.strategies.base import View
from evolve.strategies.mcts import Mcts
from evolve.strategies.pareto import Pareto
from evolve.wallclock import seconds_used
from tests.engine.conftest import Conducted
from tests.engine.listening import Silent

Searched = Callable[..., Conducted]


def proposals(archive: Archive, run: str) -> list[Candidate]:
    return [candidate for candidate in archive.candidates_of(run) if candidate.proposed]


def test_a_search_ends_at_its_budget_with_a_champion_that_test_never_helped_to_choose(searched: Searched) -> None:
    ending, archive = searched(candidates=60)
    made = proposals(archive, ending.run.id)
    assert [candidate.number for candidate in made] == list(range(1, 61))
    assert all(candidate.status != "pending" for candidate in made)
    assert ending.run.status == "finished"
    assert ending.champion is not None
    initial = archive.candidate(f"{ending.run.id}-0")
    assert ending.champion.gaps["train"] < initial.gaps["train"]
    assert set(ending.champion.gaps) == {"train", "validation", "test"}
    measured_on_test = [candidate.id for candidate in made if "test" in candidate.gaps]
    assert measured_on_test == [ending.champion.id]
    best_validation = min(c.gaps["validation"] for c in made if "validation" in c.gaps)
    assert ending.champion.gaps["validation"] == pytest.approx(best_validation, rel=0.01)


def test_baselines_are_candidates_and_are_measured_once_for_an_archive(tiny: Path, searched: Searched) -> None:
    ending, archive = searched(candidates=2)
    names = {c.name: c.gaps for c in archive.candidates_of(ending.run.id) if c.number < 0}
    assert set(names) == {"edd", "mdd", "mddc"}
    assert names["mddc"]["test"] < names["edd"]["test"]
    again = asyncio.run(_conducted(tiny, archive))
    assert {c.name: c.gaps for c in archive.candidates_of(again) if c.number < 0} == names


async def _conducted(folder: Path, archive: Archive) -> str:
    run = new_run(read_config(str(folder), None, {"sandbox": "process", "candidates": 2, "seed": 5}), archive)
    await conduct(run, archive, Silent())
    return run.id


def test_the_same_seed_gives_the_same_run_and_another_seed_another(searched: Searched) -> None:
    def trace(seed: int) -> list[tuple[object, ...]]:
        ending, archive = searched(candidates=20, seed=seed, parallel=3)
        return [(c.operator, c.source, c.status, c.gaps.get("train")) for c in proposals(archive, ending.run.id)]

    first = trace(1)
    assert first == trace(1)
    assert first != trace(2)


@pytest.mark.parametrize("strategy", ["islands", "reevo", "mcts"])
def test_a_replay_is_the_same_run(searched: Searched, tmp_path: Path, strategy: str) -> None:
    ending, archive = searched(candidates=25, strategy=strategy)
    with Archive.open(tmp_path / "replay.db") as into:
        _, differences = asyncio.run(replay(ending.run, archive, into, Silent()))
    assert differences == []


def test_strategies_see_gaps_by_instance_and_in_a_replay_the_times_that_were_measured_then(
    searched: Searched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[dict[str, list[float]]] = [{}]
    take_in = Pareto._take_in

    def spied(self: Pareto, view: View) -> None:
        seen[-1].update({one[-1]: list(view.gaps(one[-1])) for one in self._new})
        take_in(self, view)

    monkeypatch.setattr(Pareto, "_take_in", spied)
    ending, archive = searched(candidates=25, strategy="pareto", polish=False)
    made = archive.candidates_of(ending.run.id)
    assert len(seen[0]) > 5
    for name, gaps in seen[0].items():
        assert gaps == [result.gap for result in archive.results(name, "train")]
        assert sum(gaps) / len(gaps) == pytest.approx(archive.candidate(name).train)
    for one in made:
        one.decision_seconds = float(one.number % 7)  # as if measured on another machine
        archive.save_candidate(one)
    with Archive.open(tmp_path / "replay.db") as into:
        again, _ = asyncio.run(replay(ending.run, archive, into, Silent()))
        times = [one.decision_seconds for one in into.candidates_of(again.run.id) if one.number >= 0]
    assert times == [one.decision_seconds for one in made if one.number >= 0]


def test_a_strategys_finalists_are_measured_on_validation(searched: Searched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evolve.winner.finalists.BEST", 1)
    monkeypatch.setattr("evolve.winner.finalists.LEADERS", 0)
    monkeypatch.setattr("evolve.measuring.Measuring.among_best", lambda *_: False)
    ending, archive = searched(candidates=25, strategy="mcts", polish=False)
    strategy = Mcts()
    for one in sorted(archive.candidates_of(ending.run.id), key=lambda one: one.told or 0):
        if one.number >= 0:
            strategy.tell(one)
    measured = {one.id for one in archive.candidates_of(ending.run.id) if one.number > 0 and "validation" in one.gaps}
    assert len(strategy.finalists()) > 2
    assert measured == {*strategy.finalists()} - {f"{ending.run.id}-0"}


def test_duplicates_are_not_measured_twice(searched: Searched) -> None:
    ending, archive = searched(candidates=60)
    made = proposals(archive, ending.run.id)
    duplicates = [candidate for candidate in made if candidate.status == "duplicate"]
    assert duplicates
    by_id = {candidate.id: candidate for candidate in archive.candidates_of(ending.run.id)}
    for candidate in duplicates:
        original = by_id[candidate.duplicate_of or ""]
        alike = [(one.syntax, one.behaviour, one.note.get("probe")) for one in (candidate, original)]
        assert any(mine == other is not None for mine, other in zip(*alike, strict=True))
        assert candidate.syntax == original.syntax or (candidate.size or 0) >= (original.size or 0)
        assert archive.results(candidate.id, "train") == []
    syntaxes = [candidate.syntax for candidate in made if candidate.status == "valid"]
    assert len(set(syntaxes)) == len(syntaxes)


def test_a_finished_run_goes_on_with_a_larger_budget(searched: Searched) -> None:
    ending, archive = searched(candidates=10)
    run = archive.run(ending.run.id)
    run.config["candidates"] = 25
    more = asyncio.run(conduct(run, archive, Silent()))
    assert len(proposals(archive, run.id)) == 25
    assert more.run.status == "finished"
    assert seconds_used(archive, run.id) > 0


def test_best_of_n_always_starts_from_the_initial_program(searched: Searched) -> None:
    ending, archive = searched(candidates=8, strategy="best_of_n")
    assert len(proposals(archive, ending.run.id)) == 8
    assert {c.operator for c in proposals(archive, ending.run.id)} <= {"explore", "mutate"}


def test_a_time_budget_ends_the_run(searched: Searched) -> None:
    ending, _ = searched(hours=4 / 3600)
    assert ending.run.status == "finished"
    assert "h" in ending.reason
