"""Lists of runs and candidates, and how quick they are to read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from evolve.archive import Archive
from evolve.archive.browsing import Wanted
from evolve.records import Candidate
from tests.archive import samples


@pytest.fixture
def filled(archive: Archive) -> Archive:
    archive.create_run(samples.run(champion="k3f9qz-2"))
    for one in (
        samples.candidate(-1, name="edd", proposer="human", status="valid", gaps={"train": 9.0, "validation": 9.5}),
        samples.candidate(0, name="initial", proposer="human", status="valid", gaps={"train": 12.0}),
        samples.candidate(1, status="invalid", told=1, model="gpt-x"),
        samples.candidate(2, status="valid", told=2, gaps={"train": 3.0, "validation": 4.0, "test": 5.0}, size=7),
        samples.candidate(3, status="valid", told=3, operator="100%_tune", parents=("k3f9qz-2", "k3f9qz-0")),
        samples.candidate(4, status="valid", proposer="built-in", gaps={"train": 1.0}, parents=("k3f9qz-2",)),
    ):
        archive.save_candidate(one)
    archive.save_completion("k3f9qz", 1, 0, "key", samples.PROMPT, samples.completion())
    return archive


def shown(archive: Archive, **wanted: Any) -> list[int]:
    return [one.number for one in archive.listing(Wanted(**wanted)).rows]


def test_summaries_count_what_the_search_asked_for(filled: Archive) -> None:
    (summary,) = filled.summaries()
    assert summary.ended == {"invalid": 1, "valid": 2} == filled.counts("k3f9qz")
    assert summary.candidates == 3
    assert summary.best == 3.0, "what the run's end made is no proposal"
    assert summary.champion is not None
    assert summary.champion.gap_test == 5.0


def test_lists_filter_sort_and_turn_pages(filled: Archive) -> None:
    assert shown(filled) == [2, -1, 0, 1, 3, 4]
    assert shown(filled, sort="gap_train") == [4, 2, -1, 0, 1, 3]
    assert shown(filled, sort="gap_train", falling=True)[:2] == [0, -1]
    assert shown(filled, status="valid", humans=False) == [2, 3, 4]
    assert shown(filled, operator="100%_tune") == [3]
    assert shown(filled, by="gpt-x") == [1]
    assert shown(filled, text="0%_ k3f") == [3]
    assert shown(filled, text="%") == [3], "a per cent sign is one"
    assert shown(filled, problem="other") == []
    page = filled.listing(Wanted(limit=2, offset=2))
    assert ([one.number for one in page.rows], page.total) == ([0, 1], 6)
    assert filled.choices(run="k3f9qz")["by"] == ["built-in", "gpt-x", "human", "mutator"]


def test_a_glimpse_is_the_candidate(filled: Archive) -> None:
    for glimpse in filled.glimpses("k3f9qz"):
        candidate = filled.candidate(glimpse.id)
        for name in set(vars(glimpse)) - {"gap_train", "gap_validation", "gap_test"}:
            assert getattr(glimpse, name) == getattr(candidate, name)
        gaps = {split: getattr(glimpse, f"gap_{split}") for split in ("train", "validation", "test")}
        assert {split: gap for split, gap in gaps.items() if gap is not None} == candidate.gaps
        assert glimpse.proposed == candidate.proposed


def test_an_index_takes_errors_of_any_length(archive: Archive) -> None:
    archive.create_run(samples.run())
    words = "".join(map(str, range(20_000)))  # does not compress below what an index of PostgreSQL takes
    failed = samples.completion(reply=None, error=words)
    archive.save_completion("k3f9qz", 1, 0, "key", samples.PROMPT, failed)
    archive.save_candidate(samples.candidate(1, failure_message=words))
    assert [call.replied for call in archive.calls("k3f9qz")] == [False]
    assert archive.usage("k3f9qz").failed_calls == 1


def test_family(filled: Archive) -> None:
    assert filled.parents("k3f9qz") == {"k3f9qz-3": ["k3f9qz-2", "k3f9qz-0"], "k3f9qz-4": ["k3f9qz-2"]}
    assert [one.number for one in filled.children("k3f9qz-2")] == [3, 4]
    assert [(call.number, call.tokens, call.replied) for call in filled.calls("k3f9qz")] == [(1, 110, True)]


def test_the_stamp_changes_with_what_is_shown(filled: Archive) -> None:
    stamps = [filled.stamp("k3f9qz"), filled.stamp("k3f9qz")]
    assert stamps[0] == stamps[1]
    one: Candidate = filled.candidate("k3f9qz-3")
    one.finished = 5.0
    changes: list[Callable[[], object]] = [
        lambda: filled.save_candidate(one),
        lambda: filled.save_candidate(samples.candidate(5)),
        lambda: filled.save_completion("k3f9qz", 5, 0, "key", samples.PROMPT, samples.completion()),
        lambda: filled.update_run(samples.run(status="finished", champion="k3f9qz-2")),
    ]
    for change in changes:
        change()
        stamps.append(filled.stamp("k3f9qz"))
    assert len(set(stamps)) == 5
    assert filled.stamp() != ""


def test_lists_are_read_from_an_index(tmp_path: Path) -> None:
    with Archive.open(tmp_path / "a.db") as archive, archive._reading() as connection:
        for query, index in (
            ("SELECT run, status, count(*), min(gap_train) FROM candidates GROUP BY run, status", "candidates_browse"),
            ("SELECT id, run, size, gap_test FROM candidates WHERE run = 'x' ORDER BY number", "candidates_browse"),
            ("SELECT model, cost, replied FROM completions WHERE run = 'x' ORDER BY created", "completions_browse"),
        ):
            plan = " ".join(str(row) for row in connection.execute(text("EXPLAIN QUERY PLAN " + query)))
            assert f"COVERING INDEX {index}" in plan
