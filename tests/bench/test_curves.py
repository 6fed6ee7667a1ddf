"""Curves against hand-computed cases."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evolve.archive import Archive
from evolve.bench.curves import band, curve, reached
from evolve.insight import AXES
from evolve.records import Candidate, Completion, Run, Status


def made(
    number: int,
    told: int | None,
    status: Status = "valid",
    gaps: Mapping[str, float] | None = None,
    finished: float | None = None,
    evaluations: float = 1.0,
) -> Candidate:
    return Candidate(
        id=f"r-{number}", run="r", number=number, operator="mutate", proposer="openai", status=status,
        gaps=dict(gaps or {}), told=told, created=100.0, finished=finished, evaluations=evaluations,
    )  # fmt: skip


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """A run of two sessions, 100 s to 110 s and 200 s to 205 s; what was told is out of order of the numbers."""
    archive = Archive.open(tmp_path / "a.db")
    archive.create_run(Run(id="r", problem="p", folder="p", fingerprint="f", config={}, seed=0, created=99.0))
    return archive


def note(archive: Archive, monkeypatch: pytest.MonkeyPatch, kind: str, when: float) -> None:
    monkeypatch.setattr("time.time", lambda: when)
    archive.event("r", kind)


def completed(archive: Archive, monkeypatch: pytest.MonkeyPatch, number: int, when: float, cost: float | None) -> None:
    monkeypatch.setattr("time.time", lambda: when)
    reply = Completion("x", "m", input_tokens=30, output_tokens=10, cost=cost)
    archive.save_completion("r", number, 0, f"r/{number}/0", [], reply)


def test_a_run_by_hand(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    note(archive, monkeypatch, "session began", 98.0)
    archive.save_candidate(made(0, None, gaps={"train": 50.0, "validation": 60.0}, finished=98.5, evaluations=0))
    completed(archive, monkeypatch, 2, 101.0, 0.5)
    archive.save_candidate(made(2, 1, gaps={"train": 40.0}, finished=102.0, evaluations=3))
    completed(archive, monkeypatch, 1, 103.0, 0.25)
    completed(archive, monkeypatch, 3, 103.5, 0.25)
    archive.save_candidate(made(1, 2, "invalid", finished=104.0))
    note(archive, monkeypatch, "session ended", 110.0)
    note(archive, monkeypatch, "session began", 200.0)
    archive.save_candidate(made(3, 3, gaps={"train": 45.0, "validation": 44.0}, finished=201.0))
    completed(archive, monkeypatch, 4, 202.0, None)
    archive.save_candidate(made(4, 4, gaps={"train": 30.0, "validation": 47.0}, finished=203.0))
    archive.save_candidate(made(5, 5, "duplicate", gaps={"train": 30.0}, finished=204.0))
    note(archive, monkeypatch, "session ended", 205.0)

    found = curve("r", archive)
    # Candidate 2 improves train, but is not on validation; 3 is worse on train, but the best of those that are.
    assert found["candidates"].tolist() == [0, 1, 3, 4, 5]
    assert found["train"].tolist() == [50, 40, 40, 30, 30]
    assert found["validation"].tolist() == [60, 60, 44, 47, 47]
    assert found["calls"].tolist() == [0, 1, 3, 4, 4]
    assert found["tokens"].tolist() == [0, 40, 120, 160, 160]
    assert found["evaluations"].tolist() == [0, 3, 5, 6, 7]
    assert found["cost"].tolist()[:3] == [0, 0.5, 1.0]
    assert found["cost"].isna().tolist() == [False, False, False, True, True]  # a call without a known price
    # The search begins at 100; ten seconds of it lie in the first session.
    assert found["seconds"].tolist() == [0, 2, 11, 13, 14]

    assert reached(found, 40.0) == {
        "candidates": 1, "calls": 1, "tokens": 40, "cost": 0.5, "evaluations": 3, "seconds": 2,
    }  # fmt: skip
    assert all(math.isnan(place) for place in reached(found, 29.9).values())
    assert reached(found, 50.0)["calls"] == 0


def test_an_invalid_initial_program(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    note(archive, monkeypatch, "session began", 100.0)
    archive.save_candidate(made(0, None, "invalid", finished=100.0))
    archive.save_candidate(made(1, 1, gaps={"train": 5.0}, finished=101.0))
    found = curve("r", archive)
    assert found["train"].isna().tolist() == [True, False]
    assert reached(found, 5.0)["candidates"] == 1


def test_a_run_that_was_killed_before_anything(archive: Archive) -> None:
    assert len(curve("r", archive)) == 1


def steps_of(places: list[float], train: list[float]) -> pd.DataFrame:
    frame = pd.DataFrame(dict.fromkeys(AXES, places), dtype=float)
    return frame.assign(train=train, validation=math.nan)


def test_a_band_by_hand() -> None:
    runs = [steps_of([0, 2], [10, 4]), steps_of([0, 1], [8, 6]), steps_of([0, 4], [math.nan, 2])]
    found = band(runs, "calls", "train")
    assert found.x.tolist() == [0, 1, 2, 4]
    assert found.median.tolist() == [10, 10, 6, 4]  # a run that has nothing is the worst
    assert found.low.tolist() == [9, 8, 5, 3]
    assert np.isnan(found.high[:3]).all()
    assert found.high[3] == 5


def test_an_engine_whose_axis_is_not_known() -> None:
    unknown = steps_of([0], [3]).assign(evaluations=math.nan)
    assert band([unknown], "evaluations", "train").x.tolist() == []
