"""Reflections: asked before the operator's own question, paid once, and dispensable."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evolve.archive import Archive
from evolve.records import Candidate, Run
from evolve.replay import replay
from evolve.session import conduct
from tests.engine.conftest import Conducted
from tests.engine.listening import Silent
from tests.fakes.openai_server import FakeServer
from tests.fakes.scripts import GOOD, Script, Step

Searched = Callable[..., Conducted]
Serve = Callable[..., FakeServer]
QUESTION = "Write no program yet"
REFLECTING = ("crossover", "elitist")


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evolve.proposers.openai.FIRST_WAIT", 0.01)
    monkeypatch.setattr("evolve.proposers.openai.LONGEST_WAIT", 0.05)
    monkeypatch.setenv("OPENAI_API_KEY", "test-key")


def reflects(body: dict[str, Any]) -> bool:
    return QUESTION in body["messages"][-1]["content"]


def answering(hint: Step | str, program: Step | str = GOOD) -> Script:
    return lambda index, body: hint if reflects(body) else program


def options(server: FakeServer, **more: Any) -> dict[str, Any]:
    return {"models": ["fake-small"], "base_url": server.url, "parallel": 4, "tuning": 0, "strategy": "reevo", **more}


def reflecting(archive: Archive, run: str) -> list[Candidate]:
    return [one for one in archive.candidates_of(run) if one.operator in REFLECTING]


def turns(archive: Archive, one: Candidate) -> list[int]:
    return [turn for turn, _, _ in archive.completions(one.run, one.number)]


def test_the_hint_is_asked_for_first_and_shown_with_the_operators_question(
    openai_server: Serve, searched: Searched
) -> None:
    server = openai_server(answering("Slack   near the due date\n\nmatters most.\n```python\ndef x(): ...\n```\n"))
    ending, archive = searched(**options(server, candidates=24))
    made = reflecting(archive, ending.run.id)
    assert {one.operator for one in made} == set(REFLECTING)
    assert {one.note["hint"] for one in made} == {"Slack near the due date matters most."}
    for one in made:
        conversation = archive.completions(one.run, one.number)
        *before, (_, (system, question), _) = conversation
        assert "# Rules for your answer" in system.content
        assert "Slack near the due date matters most." in question.content
        assert [turn for turn, *_ in conversation] == ([0, 1] if before else [0])
        for _, (reflector, asked), _ in before:
            assert "# Rules" not in reflector.content
            assert system.content.startswith(reflector.content.rstrip())
            assert QUESTION in asked.content
            assert asked.content.count("- Slack near") == len(one.note.get("hints", ()))
            assert ("hints" in one.note) == (one.operator == "elitist")
    again = [one for one in made if one.operator == "elitist" and "hints" not in one.note]
    assert all(turns(archive, one) == [0] for one in again)  # the long reflection is used again, which is no call
    assert archive.usage(ending.run.id).calls == len(server.paid)


def test_a_long_winded_hint_is_cut(openai_server: Serve, searched: Searched) -> None:
    server = openai_server(answering("word " * 500))
    ending, archive = searched(**options(server, candidates=14))
    assert {one.note["hint"] for one in reflecting(archive, ending.run.id)} == {"word " * 59 + "word"}


def test_a_program_that_fails_after_a_reflection_still_gets_one_repair(
    openai_server: Serve, searched: Searched
) -> None:
    def script(index: int, body: dict[str, Any]) -> Step | str:
        if reflects(body):
            return "A hint."
        return "No program." if "follows this thought" in str(body["messages"]) else GOOD

    server = openai_server(script)
    ending, archive = searched(**options(server, candidates=14))
    crossed = [one for one in reflecting(archive, ending.run.id) if one.operator == "crossover"]
    assert crossed
    for one in crossed:
        assert one.status == "unparsed"
        assert turns(archive, one) == [0, 1, 2]
        last = archive.completions(one.run, one.number)[-1][1]
        assert [message.role for message in last] == ["system", "user", "assistant", "user"]


@pytest.mark.parametrize("hint", [Step("status", status=400), "```python\nonly code\n```"])
def test_without_an_answer_the_operator_goes_without(
    openai_server: Serve, searched: Searched, hint: Step | str
) -> None:
    server = openai_server(answering(hint))
    ending, archive = searched(**options(server, candidates=20))
    made = reflecting(archive, ending.run.id)
    assert made
    for one in made:
        assert one.status in ("valid", "duplicate")
        assert "hint" not in one.note
        assert turns(archive, one) == [0, 1]
        assert "thought" not in archive.completions(one.run, one.number)[-1][1][-1].content


@pytest.mark.parametrize(("parallel", "calls"), [(1, 17), (1, 18), (4, 19)])
def test_a_budget_of_calls_counts_reflections_in(
    openai_server: Serve, searched: Searched, parallel: int, calls: int
) -> None:
    server = openai_server(answering("A hint."))
    ending, archive = searched(**options(server, calls=calls, parallel=parallel))
    assert archive.usage(ending.run.id).calls == len(server.requests) == calls
    made = reflecting(archive, ending.run.id)
    assert made
    assert all(one.status in ("valid", "duplicate") for one in made)  # no call was spent on a hint alone


def without_room(serve: Serve, searched: Searched) -> tuple[FakeServer, Run, Archive, Candidate]:
    """A run whose last candidate had no room for its reflection."""
    server = serve(answering("A hint."))
    ending, archive = searched(**options(server, calls=17, parallel=1))
    last = reflecting(archive, ending.run.id)[-1]
    assert turns(archive, last) == [1]
    return server, ending.run, archive, last


@pytest.mark.parametrize("bad", [None, Step("status", status=400)])
def test_a_replay_is_the_same_run(openai_server: Serve, searched: Searched, tmp_path: Path, bad: Step | None) -> None:
    def script(index: int, body: dict[str, Any]) -> Step | str:
        if reflects(body):
            return bad if bad and index % 3 == 0 else f"Hint {index}."
        return "No program." if index % 7 == 0 else GOOD

    server = openai_server(script)
    ending, archive = searched(**options(server, candidates=28))
    _same_again(ending.run, archive, tmp_path)


def test_a_replay_does_without_the_reflections_that_had_no_room(
    openai_server: Serve, searched: Searched, tmp_path: Path
) -> None:
    _, run, archive, _ = without_room(openai_server, searched)
    _same_again(run, archive, tmp_path)


def _same_again(run: Run, archive: Archive, folder: Path) -> None:
    with Archive.open(folder / "replay.db") as into:
        again, differences = asyncio.run(replay(run, archive, into, Silent()))
        notes = [[one.note for one in of.candidates_of(id)] for of, id in ((archive, run.id), (into, again.run.id))]
    assert differences == []
    assert notes[0] == notes[1]
    assert any("hint" in note for note in notes[0])


def test_a_candidate_that_was_answered_without_a_reflection_is_not_asked_for_one_later(
    openai_server: Serve, searched: Searched
) -> None:
    server, run, archive, last = without_room(openai_server, searched)
    archive.save_candidate(replace(last, status="pending", told=None, finished=None))  # killed before it was told
    run.config["calls"] = 30
    server.requests.clear()
    asyncio.run(conduct(run, archive, Silent()))
    assert turns(archive, last) == [1]
    assert not [entry for entry in server.requests if entry["key"].startswith(f"{run.id}/{last.number}/")]


def test_a_run_killed_between_a_reflection_and_its_program_asks_neither_twice(
    openai_server: Serve, tiny: Path, tmp_path: Path
) -> None:
    stalled: list[str] = []

    def script(index: int, body: dict[str, Any]) -> Step | str:
        if reflects(body):
            return f"Hint {index}."
        if "follows this thought" in body["messages"][-1]["content"]:
            stalled.append(str(index))
            return Step("stall")
        return GOOD

    server = openai_server(script)
    (tmp_path / "run.toml").write_text("tuning = 0\npolish = false\n")
    database = ["--archive", str(tmp_path / "a.db")]
    start = [
        "run", str(tiny), "--model", "fake-small", "--base-url", server.url, "--candidates", "20", "--parallel", "2",
        "--strategy", "reevo", "--sandbox", "process", "--config", str(tmp_path / "run.toml"), *database,
    ]  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "evolve", *start],
        env={**os.environ, "OPENAI_API_KEY": "none"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while len(stalled) < 2 and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert len(stalled) == 2
    server.script = answering("Another hint.")
    with Archive.open(tmp_path / "a.db") as archive:
        (run,) = archive.runs()
        before = {one.number: turns(archive, one) for one in _proposed(archive, run) if one.told is None}
        assert list(before.values()) == [[0], [0]]
        asyncio.run(conduct(archive.run(run.id), archive, Silent()))
        made = _proposed(archive, run)
        assert [one.number for one in made] == list(range(1, 21))
        for one in made:
            if one.number in before:
                assert one.note["hint"].startswith("Hint ")
                assert one.note["hint"] in archive.completions(run.id, one.number)[1][1][1].content
        calls = archive.usage(run.id).calls
    asked = Counter(entry["key"] for entry in server.requests if entry["outcome"] == "reply")
    assert set(asked.values()) == {1}
    assert len(asked) == calls


def _proposed(archive: Archive, run: Run) -> list[Candidate]:
    return [one for one in archive.candidates_of(run.id) if one.proposed]
