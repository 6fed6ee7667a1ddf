"""The archive as pandas frames."""

from __future__ import annotations

import pandas as pd
import pytest

from evolve.archive import Archive
from tests.archive import samples


@pytest.fixture
def filled(archive: Archive) -> Archive:
    """Two runs on the latest version of a problem, one on an older, one on another problem."""
    for created, (id, fields) in enumerate(
        {
            "old": {"fingerprint": "f0"},
            "one": {},
            "two": {},
            "other": {"problem": "job_shop"},
        }.items()
    ):
        archive.create_run(samples.run(id, created=1000.0 + created, **fields))
        edd = samples.candidate(
            -1,
            id,
            status="valid",
            name="edd",
            operator="baseline",
            syntax="s",
            gaps={"train": 40.0, "validation": 41.0},
        )
        archive.save_candidate(edd, {"train": samples.results(3, 40), "validation": samples.results(2, 41)})
    best = samples.candidate(
        1,
        "one",
        status="valid",
        model="fake-small",
        parents=("one--1",),
        gaps={"train": 10.0, "validation": 5.0, "ood": 9.0},
        size=12,
        decision_seconds=0.5,
        created=1_700_000_000.0,
    )
    archive.save_candidate(best, {"train": samples.results(4), "validation": samples.results(2, 5)})
    archive.save_candidate(samples.candidate(2, "one", status="invalid", failure_kind="timeout"))
    archive.save_candidate(
        samples.candidate(1, "two", status="valid", gaps={"train": 2.0}), {"train": samples.results(1)}
    )
    archive.save_completion("one", 1, 0, "one/1/0", samples.PROMPT, samples.completion())
    archive.save_completion(
        "one", 1, 1, "one/1/1", samples.PROMPT, samples.completion(None, cost=None, error="HTTP 500")
    )
    return archive


def test_leaderboard(filled: Archive) -> None:
    board = filled.leaderboard("tardiness")
    assert list(board["program"]) == ["one-1", "edd", "two-1"], "best validation first, unmeasured last, baselines once"
    assert list(board["run"]) == ["one", "two", "two"]
    assert list(board["gap_validation"][:2]) == [5.0, 41.0]
    assert list(board["n_train"]) == [4, 3, 1]
    assert list(board["n_validation"]) == [2, 2, 0]
    assert board["gap_test"].isna().all()
    assert board["gap_ood"][0] == 9.0
    assert (board["model"][0], board["size"][0], board["decision_seconds"][0]) == ("fake-small", 12, 0.5)
    assert list(filled.leaderboard("tardiness", "f0")["run"]) == ["old"]
    assert filled.leaderboard("nothing").empty
    assert "gap_validation" in filled.leaderboard("nothing")


def test_candidates(filled: Archive) -> None:
    everything = filled.candidates()
    assert len(everything) == 7
    assert len(filled.candidates(problem="tardiness")) == 6
    one = filled.candidates(run="one").set_index("number")
    assert list(one.index) == [-1, 1, 2]
    assert one.loc[1, "parents"] == ("one--1",)
    assert one.loc[1, "gap_ood"] == 9.0
    assert one.loc[2, "failure_kind"] == "timeout"
    assert one.loc[1, "created"] == pd.Timestamp("2023-11-14T22:13:20Z")
    assert one["gap_train"].dtype == float
    assert list(one["size"].isna()) == [True, False, True]
    assert filled.candidates(run="none").empty


def test_evaluations(filled: Archive) -> None:
    train = filled.evaluations(run="one", split="train")
    assert len(train) == 7
    assert list(filled.evaluations(candidate="one-1", split="train")["gap"]) == [10.0, 11.0, 12.0, 13.0]
    assert list(train.columns[:7]) == ["run", "number", "candidate", "split", "position", "instance", "group"]
    assert train["metric_late"].sum() == 9.0
    by_group = filled.evaluations().groupby(["candidate", "group"])["gap"].mean()
    assert by_group["two-1", "n=50"] == 10.0
    assert filled.evaluations(run="none").empty


def test_completions(filled: Archive) -> None:
    frame = filled.completions_frame("one")
    assert list(frame["replied"]) == [True, False]
    assert list(frame["attempts"]) == [2, 2]
    assert frame["cost"].sum() == 0.25
    assert "messages" not in frame
    assert filled.completions_frame("two").empty


def test_a_baseline_that_was_lent_its_gaps_keeps_its_time(archive: Archive) -> None:
    """The second run takes the gaps of the first one's baseline, and does not know how long it took."""
    for created, (run, seconds) in enumerate({"one": 0.25, "two": None}.items()):
        archive.create_run(samples.run(run, created=1000.0 + created))
        fields = {"status": "valid", "name": "edd", "operator": "baseline", "syntax": "s", "gaps": {"validation": 1.0}}
        archive.save_candidate(samples.candidate(-1, run, decision_seconds=seconds, **fields), {})
    [row] = archive.leaderboard("tardiness").to_dict("records")
    assert (row["run"], row["decision_seconds"]) == ("two", 0.25)


def test_the_archive_at_the_top_level() -> None:
    import evolve

    assert evolve.Archive is Archive
    with pytest.raises(AttributeError, match="has no attribute 'Archives'"):
        _ = evolve.Archives  # type: ignore[attr-defined]
