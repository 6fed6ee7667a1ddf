"""Searches against a real HTTP server that speaks the OpenAI protocol, on good days and on bad ones."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evolve.archive import Archive
from evolve.config import read_config
from evolve.proposers.base import ProposerError
from evolve.records import Candidate
from evolve.replay import replay
from evolve.session import conduct, new_run
from tests.engine.conftest import Conducted
from tests.engine.listening import Silent
from tests.fakes.openai_server import FakeServer
from tests.fakes.scripts import SCRIPTS, Step, limited

Searched = Callable[..., Conducted]
Serve = Callable[..., FakeServer]


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait milliseconds between attempts, not seconds."""
    monkeypatch.setattr("evolve.proposers.openai.FIRST_WAIT", 0.01)
    monkeypatch.setattr("evolve.proposers.openai.LONGEST_WAIT", 0.05)
    monkeypatch.setenv("OPENAI_API_KEY", "test-key")


def proposals(archive: Archive, run: str) -> list[Candidate]:
    return [candidate for candidate in archive.candidates_of(run) if candidate.proposed]


def options(server: FakeServer, **more: Any) -> dict[str, Any]:
    settings = {"models": ["fake-small"], "base_url": server.url, "parallel": 4, "strategy": "islands", "tuning": 5}
    return settings | more


def test_a_good_day(openai_server: Serve, searched: Searched) -> None:
    server = openai_server()
    ending, archive = searched(**options(server, candidates=24))
    made = proposals(archive, ending.run.id)
    assert len(made) == 24
    assert {candidate.model for candidate in made} == {"fake-small"}
    usage = archive.usage(ending.run.id)
    assert usage.calls == len(server.paid) >= 24
    assert usage.input_tokens > 0
    assert ending.champion is not None
    turn, messages, completion = archive.completions(ending.run.id, 1)[0]
    assert turn == 0
    assert [message.role for message in messages] == ["system", "user"]
    assert completion.reply


BAD_DAY = {
    0: limited(0.01),
    2: Step("status", status=500),
    4: Step("disconnect"),
    6: Step("truncated"),
    8: Step(text=""),
    10: Step(text="I would rather talk about the weather."),
    12: Step(text="```python\ndef priority(p, d:\n```"),
    14: Step("status", status=400),
    16: Step("stall"),
    18: Step(text="```python\ndef priority(p, d):\n    return 1 / 0\n```"),
    20: Step(text="```python\ndef priority(p, d):\n    while True: pass\n```"),
}


def test_a_bad_day_ends_at_the_budget_and_every_failure_says_why(openai_server: Serve, searched: Searched) -> None:
    server = openai_server(lambda index, body: BAD_DAY.get(index, Step()))
    ending, archive = searched(**options(server, candidates=20, timeout=1.5))
    made = proposals(archive, ending.run.id)
    assert len(made) == 20
    assert "pending" not in {candidate.status for candidate in made}
    for candidate in made:
        if candidate.status in ("invalid", "unparsed", "failed"):
            assert candidate.failure_message
    completions = [c for number in range(1, 21) for _, _, c in archive.completions(ending.run.id, number)]
    usage = archive.usage(ending.run.id)
    assert usage.calls == len(completions)
    assert usage.attempts == sum(len(c.attempts) for c in completions) == len(server.requests)
    outcomes = " ".join(attempt.outcome for c in completions for attempt in c.attempts)
    for word in ("429", "500", "400"):
        assert word in outcomes
    assert usage.failed_calls == sum(c.reply is None for c in completions) >= 1  # the refused request


def test_a_reply_that_fails_gets_one_repair_turn(openai_server: Serve, searched: Searched) -> None:
    broken = "```python\ndef priority(p, d):\n    return undefined_name\n```"
    server = openai_server([broken])
    ending, archive = searched(**options(server, candidates=1))
    (candidate,) = proposals(archive, ending.run.id)
    assert candidate.status in ("valid", "duplicate")
    (_, first, _), (turn, second, _) = archive.completions(ending.run.id, 1)
    assert turn == 1
    assert [message.role for message in second] == ["system", "user", "assistant", "user"]
    assert second[:2] == first
    assert "undefined_name" in second[3].content
    assert "line 2" in second[3].content


def test_a_model_that_never_writes_code_ends_at_the_budget(openai_server: Serve, searched: Searched) -> None:
    server = openai_server(SCRIPTS["noncode"])
    ending, archive = searched(**options(server, candidates=5))
    assert [candidate.status for candidate in proposals(archive, ending.run.id)] == ["unparsed"] * 5
    assert ending.champion is not None  # the initial program: nothing else is valid
    assert ending.champion.number == 0


def test_a_token_budget_is_kept(openai_server: Serve, searched: Searched) -> None:
    server = openai_server()
    ending, archive = searched(**options(server, tokens=30_000))
    usage = archive.usage(ending.run.id)
    assert 10_000 < usage.input_tokens + usage.output_tokens <= 30_000
    assert "tokens" in ending.reason


def test_several_models_take_turns(openai_server: Serve, searched: Searched) -> None:
    server = openai_server()
    ending, archive = searched(**options(server, models=["fake-small", "fake-large"], candidates=12))
    assert {candidate.model for candidate in proposals(archive, ending.run.id)} == {"fake-small", "fake-large"}


@pytest.mark.parametrize("strategy", ["islands", "adaptive"])
def test_a_replay_needs_no_model_and_is_the_same_run(
    openai_server: Serve, searched: Searched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, strategy: str
) -> None:
    """Also where models have prices, which `adaptive` weighs."""
    monkeypatch.setattr("evolve.proposers.openai.price", lambda model, *_: 5.0 if model == "fake-large" else 0.01)
    server = openai_server(SCRIPTS["weak"])
    models = ["fake-small", "fake-large"]
    ending, archive = searched(**options(server, candidates=24, strategy=strategy, models=models, mutations=2))
    asked = len(server.requests)
    with Archive.open(tmp_path / "replay.db") as into:
        again, differences = asyncio.run(replay(ending.run, archive, into, Silent()))
        prices = [[one.price for one in proposals(*of)] for of in ((archive, ending.run.id), (into, again.run.id))]
    assert differences == []
    assert prices[0] == prices[1]
    assert max(prices[0]) > 1 > min(prices[0])
    assert len(server.requests) == asked


@pytest.mark.parametrize(
    ("serve", "more", "says"),
    [
        ({"key": "right"}, {}, "key"),
        ({"models": ["other"]}, {}, "other"),
        ({}, {"base_url": "http://127.0.0.1:9/v1"}, "cannot reach"),
        ({}, {"base_url": "127.0.0.1:9/v1"}, "not a URL"),
    ],
)
def test_what_no_retry_can_mend_stops_the_run_in_one_line(
    openai_server: Serve, tiny: Path, tmp_path: Path, serve: dict[str, Any], more: dict[str, Any], says: str
) -> None:
    server = openai_server(**serve)
    config = read_config(str(tiny), None, {"sandbox": "process", "candidates": 6, **options(server), **more})
    with Archive.open(tmp_path / "a.db") as archive:
        run = new_run(config, archive)
        with pytest.raises(ProposerError, match=says) as error:
            asyncio.run(conduct(run, archive, Silent()))
        assert "\n" not in str(error.value)
        assert archive.run(run.id).status == "stopped"


def test_an_endpoint_that_breaks_down_does_not_use_the_budget_up(
    openai_server: Serve, tiny: Path, tmp_path: Path
) -> None:
    server = openai_server(lambda index, body: Step() if index < 3 else Step("status", status=503))
    with Archive.open(tmp_path / "a.db") as archive:
        config = {"sandbox": "process", "polish": False, **options(server, candidates=200)}
        run = new_run(read_config(str(tiny), None, config), archive)
        with pytest.raises(ProposerError, match="in a row failed"):
            asyncio.run(conduct(run, archive, Silent()))
        assert len(proposals(archive, run.id)) < 40
        server.script = ()
        again = archive.run(run.id)
        again.config["candidates"] = 40
        assert asyncio.run(conduct(again, archive, Silent())).run.status == "finished"
        assert len(proposals(archive, run.id)) == 40


def test_the_mutator_works_beside_the_model_and_costs_no_call(openai_server: Serve, searched: Searched) -> None:
    server = openai_server()
    ending, archive = searched(**options(server, candidates=12, strategy="adaptive", mutations=3))
    made = proposals(archive, ending.run.id)
    by = {name: [c for c in made if c.proposer == name] for name in ("openai", "mutator")}
    assert len(by["openai"]) == 12
    assert 12 < len(by["mutator"]) <= 36
    assert len(made) == sum(map(len, by.values()))
    assert archive.usage(ending.run.id).calls == len(server.paid)
    assert all(archive.completions(ending.run.id, c.number) == [] for c in by["mutator"])
    assert all(c.model is None and c.price == 0 for c in by["mutator"])
    assert {c.operator for c in by["openai"]} <= {"explore", "mutate", "combine"}, "the rest is left to the mutator"
    parents = {parent for c in by["mutator"] for parent in c.parents}
    assert parents & {c.id for c in by["openai"]}, "it works on the model's programs too"


def test_a_run_with_the_mutator_beside_it_is_the_same_when_replayed(
    openai_server: Serve, searched: Searched, tmp_path: Path
) -> None:
    server = openai_server(lambda index, body: BAD_DAY.get(index, Step()))
    ending, archive = searched(**options(server, calls=16, strategy="adaptive", mutations=3, staged=True, timeout=1.5))
    with Archive.open(tmp_path / "replayed.db") as into:
        _, differences = asyncio.run(replay(ending.run, archive, into, Silent()))
    assert differences == []
