"""What goes into the archive comes out of it, on SQLite and PostgreSQL."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evolve.archive import Archive, ArchiveError, Usage, new_run_id
from evolve.records import STATUSES, Candidate, Completion, Message
from tests.archive import samples

ANY_TEXT = st.text(st.characters(), max_size=30) | st.text("\x00\x1a\udc00a0", max_size=8)  # surrogates and NUL too
NUMBER = st.floats(allow_nan=False)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | NUMBER | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=5,
)
OPTIONAL = st.none() | ANY_TEXT
TEXTS = (
    "source",
    "thought",
    "syntax",
    "behaviour",
    "model",
    "name",
    "failure_kind",
    "failure_message",
    "failure_instance",
)
CANDIDATES = st.fixed_dictionaries(
    {
        **dict.fromkeys(TEXTS, OPTIONAL),
        "operator": ANY_TEXT,
        "proposer": ANY_TEXT,
        "status": st.sampled_from(sorted(STATUSES)),
        "note": st.dictionaries(ANY_TEXT, PLAIN, max_size=3),
        "gaps": st.dictionaries(ANY_TEXT, NUMBER, max_size=3),
        "size": st.none() | st.integers(0, 2**40),
        "seconds": st.none() | NUMBER,
        "told": st.none() | st.integers(0, 2**31),
        "stdout": ANY_TEXT,
        "stderr": ANY_TEXT,
        "created": NUMBER,
    }
)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fields=CANDIDATES)
def test_any_candidate_round_trips(archive: Archive, fields: dict[str, Any]) -> None:
    if not archive.runs():
        archive.create_run(samples.run())
    stored = samples.candidate(1, **fields)
    archive.save_candidate(stored)
    assert archive.candidate(stored.id) == stored
    assert archive.candidates_of(stored.run) == [stored]


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(reply=OPTIONAL, texts=st.lists(ANY_TEXT, max_size=3))
def test_any_conversation_round_trips(archive: Archive, reply: str | None, texts: list[str]) -> None:
    if not archive.runs():
        archive.create_run(samples.run())
    messages = [Message("user", text) for text in texts]
    stored = samples.completion(reply, error=reply, finish_reason=reply)
    archive.save_completion("k3f9qz", 1, 0, "k3f9qz/1/0", messages, stored)
    assert archive.completions("k3f9qz", 1) == [(0, messages, stored)]


def test_run_round_trips(archive: Archive) -> None:
    first = samples.run(
        "aaaaaa", config={"models": ["x"], "limit": 1.5, "nested": {"a": None}}, seed=2**80, created=1.0
    )
    archive.create_run(first)
    archive.create_run(samples.run("aabbbb", created=2.0))
    first.status, first.champion, first.finished = "finished", "aaaaaa-3", 9.5
    archive.update_run(first)
    assert archive.run("aaaaaa") == archive.run("aaa") == first
    assert [run.id for run in archive.runs()] == ["aaaaaa", "aabbbb"]
    with pytest.raises(ArchiveError, match="'aa' is ambiguous: aaaaaa, aabbbb"):
        archive.run("aa")
    for id in ("zz", "", "a%", "______"):
        with pytest.raises(ArchiveError, match="the latest are aabbbb, aaaaaa"):
            archive.run(id)
    with pytest.raises(ArchiveError, match="no run zz"):
        archive.update_run(samples.run("zz"))
    with pytest.raises(ArchiveError):
        archive.create_run(first)


def test_empty(archive: Archive) -> None:
    with pytest.raises(ArchiveError, match="it is empty"):
        archive.run("k")
    with pytest.raises(ArchiveError, match="no candidate 'k'"):
        archive.candidate("k")
    assert not archive.runs()
    assert not archive.candidates_of("k")
    assert not archive.results("k", "train")
    assert not archive.events("k")
    assert archive.completion("k", 1, 0) is None
    assert archive.usage("k") == Usage()


def test_lineage_keeps_its_order(archive: Archive) -> None:
    archive.create_run(samples.run())
    for number in range(12):
        archive.save_candidate(samples.candidate(number))
    child = samples.candidate(
        12, parents=("k3f9qz-9", "k3f9qz-10", "k3f9qz-2", "k3f9qz-2"), inspirations=("k3f9qz-11", "k3f9qz-1")
    )
    archive.save_candidate(child)
    assert archive.candidate(child.id) == child
    again = dataclasses.replace(child, parents=("k3f9qz-1",), inspirations=())
    archive.save_candidate(again)
    assert archive.candidates_of("k3f9qz")[12] == again
    with pytest.raises(ArchiveError):
        archive.save_candidate(samples.candidate(13, parents=("nobody",)))
    assert len(archive.candidates_of("k3f9qz")) == 13, "a failed save leaves nothing behind"


def test_evaluations_are_replaced_by_split(archive: Archive) -> None:
    archive.create_run(samples.run())
    stored = samples.candidate(1)
    archive.save_candidate(stored, {"train": samples.results(5), "validation": samples.results(2, 20)})
    archive.save_candidate(stored, {"train": samples.results(3, 30)}, relabelling=7)
    archive.save_candidate(stored)
    assert archive.results(stored.id, "train") == samples.results(3, 30)
    assert archive.results(stored.id, "validation") == samples.results(2, 20)
    assert archive.results(stored.id, "test") == []
    assert set(archive.evaluations(split="train")["relabelling"]) == {7}


def test_saving_again_changes_nothing(archive: Archive) -> None:
    archive.create_run(samples.run())
    for _ in range(2):
        archive.save_candidate(samples.candidate(1), {"train": samples.results()})
        archive.save_completion("k3f9qz", 1, 0, "k3f9qz/1/0", samples.PROMPT, samples.completion())
    assert len(archive.candidates_of("k3f9qz")) == len(archive.completions("k3f9qz", 1)) == 1
    assert archive.usage("k3f9qz").calls == 1


def test_usage(archive: Archive) -> None:
    archive.create_run(samples.run())
    for number, stored in enumerate(
        (
            samples.completion(),
            samples.completion(cost=None),
            samples.completion(None, cost=None, error="HTTP 500"),
            samples.completion(),
            Completion("```python\n```", None),  # somebody's answer in the exchange has no price, and is not free
        )
    ):
        archive.save_completion("k3f9qz", number, 0, f"k3f9qz/{number}/0", samples.PROMPT, stored)
    expected = Usage(
        calls=5,
        failed_calls=1,
        unpriced_calls=2,
        attempts=8,
        input_tokens=400,
        output_tokens=40,
        cached_tokens=200,
        cost=0.5,
    )
    assert archive.usage("k3f9qz") == expected


def test_conversation(archive: Archive) -> None:
    archive.create_run(samples.run())
    for turn in (1, 0, 2):
        reply = samples.completion(f"reply {turn}")
        archive.save_completion("k3f9qz", 4, turn, f"k3f9qz/4/{turn}", samples.PROMPT * (turn + 1), reply)
    assert [turn for turn, _, _ in archive.completions("k3f9qz", 4)] == [0, 1, 2]
    assert archive.completions("k3f9qz", 4)[2][1] == samples.PROMPT * 3
    answered = archive.completion("k3f9qz", 4, 1)
    assert answered is not None
    assert answered.reply == "reply 1"
    assert archive.completion("k3f9qz", 4, 3) is None


def test_events(archive: Archive) -> None:
    archive.create_run(samples.run())
    archive.event("k3f9qz", "started")
    archive.event("k3f9qz", "pool", {"workers": 2, "text": "\x00"})
    first, second = archive.events("k3f9qz")
    assert (first.kind, first.data, second.data) == ("started", {}, {"workers": 2, "text": "\x00"})
    assert second.id > first.id
    assert second.time >= first.time


def test_measurements_are_shared_by_runs(archive: Archive) -> None:
    assert archive.measured("f1", "hash", "train") is None
    archive.save_measured("f1", "hash", "train", samples.results(2))
    archive.save_measured("f1", "hash", "train", samples.results(4))
    assert archive.measured("f1", "hash", "train") == samples.results(4)
    assert archive.measured("f2", "hash", "train") is None


def test_big_outputs(archive: Archive) -> None:
    archive.create_run(samples.run())
    stored = samples.candidate(1, stdout="\x00é" * 300_000, source="x = 1\n" * 200_000)
    archive.save_candidate(stored)
    assert archive.candidate(stored.id) == stored


def test_numpy_in_a_note(archive: Archive) -> None:
    import numpy as np

    archive.create_run(samples.run())
    archive.save_candidate(samples.candidate(1, note={"a": np.float64(1.5), "b": np.arange(2)}))
    assert archive.candidate("k3f9qz-1").note == {"a": 1.5, "b": [0, 1]}


def test_not_plain_data(archive: Archive) -> None:
    archive.create_run(samples.run())
    with pytest.raises(ArchiveError, match="a set cannot be stored"):
        archive.save_candidate(samples.candidate(1, note={"a": {1}}))


def test_all_fields_are_stored() -> None:
    """A field added to a record must come with a column and a migration."""
    from evolve.archive import rows
    from evolve.archive.schema import CandidateRow, CompletionRow, RunRow

    copies = {"gap_train", "gap_validation", "gap_test"}
    assert {field.name for field in dataclasses.fields(Candidate)} - {"parents", "inspirations"} == set(
        CandidateRow.__table__.columns.keys()
    ) - copies
    assert set(rows.RUN_COLUMNS) == set(RunRow.__table__.columns.keys())
    assert set(rows.COMPLETION_COLUMNS) <= set(CompletionRow.__table__.columns.keys())


def test_run_ids_are_short_and_differ() -> None:
    ids = {new_run_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(len(id) == 6 and id[0].isalpha() for id in ids)
