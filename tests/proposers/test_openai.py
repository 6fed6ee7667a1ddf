"""The OpenAI-compatible proposer against a real HTTP server that misbehaves in every way we know."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from evolve.proposers import openai as module
from evolve.proposers.base import GivenUp, ProposerError, Request
from evolve.proposers.openai import OpenAIProposer
from evolve.records import Completion, Message
from tests.fakes.openai_server import FakeServer
from tests.fakes.scripts import GOOD, SCRIPTS, Script, Step, limited, refused

KEY = "sk-very-secret-0123456789"
Start = Callable[..., FakeServer]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.setattr(module, "FIRST_WAIT", 0.01)


def request(number: int = 1, model: str | None = "fake-small", content: str = "Improve it.") -> Request:
    messages = [Message("system", "You write rules."), Message("user", content)]
    return Request(f"run/{number}/0", "explore", "priority", (), (), messages, model, "seed")


def ask(server: FakeServer, *requests: Request, **options: Any) -> list[Completion]:
    async def run() -> list[Completion]:
        proposer = OpenAIProposer(server.url, KEY, **options)
        try:
            return list(await asyncio.gather(*(proposer.propose(each) for each in requests or [request()])))
        finally:
            await proposer.close()

    return asyncio.run(run())


def test_good_reply(openai_server: Start) -> None:
    server = openai_server([Step(cached=5, reasoning="hm, let me think")], key=KEY)
    (completion,) = ask(server)
    assert completion.reply is not None
    assert "def priority(" in completion.reply
    assert "let me think" not in completion.reply
    assert (completion.model, completion.finish_reason, completion.error) == ("fake-small", "stop", None)
    assert completion.input_tokens > 5
    assert completion.cached_tokens == 5
    assert completion.output_tokens == len(completion.reply) // 4
    assert not completion.estimated
    assert completion.cost is None  # nobody knows what a local model costs
    assert [attempt.outcome for attempt in completion.attempts] == ["ok"]
    assert server.requests[0]["key"] == "run/1/0"
    assert server.requests[0]["parameters"] == []


def patience(step: Step) -> float:
    """Seconds for a reply: few only where none comes, for a busy machine takes its time with those that do."""
    return 1.0 if step.kind in ("stall", "drip") else 30.0


@pytest.mark.parametrize(
    ("step", "told"),
    [
        (Step("status"), "HTTP 500: it happens"),
        (Step("status", status=503, headers={"retry-after": "0.01"}), "HTTP 503"),
        (Step("disconnect"), "connection lost"),
        (Step("truncated"), "not JSON"),
        (Step("body", text='{"error": {"message": "upstream broke"}}'), "upstream broke"),
        (Step("body", text="<html>busy</html>"), "not JSON"),
        (Step("body", text='{"choices": []}'), "no message"),
        (Step("body", text='{"choices": [null]}'), "no message"),
        (Step("body", text='["what"]'), "no message"),
        (Step("stall"), "timed out after 1 s"),
        (Step("drip", seconds=0.05), "timed out after 1 s"),
        (limited(0.01), "HTTP 429: slow down"),
        (limited(), "HTTP 429: slow down"),
        (limited("Wed, 21 Oct 2015 07:28:00 GMT"), "HTTP 429"),
    ],
)
def test_what_passes_is_retried(openai_server: Start, step: Step, told: str) -> None:
    server = openai_server([step, step])
    (completion,) = ask(server, timeout=patience(step))
    assert completion.reply
    assert completion.error is None
    assert [told in attempt.outcome for attempt in completion.attempts] == [True, True, False]
    assert completion.attempts[-1].outcome == "ok"
    assert len(server.paid) == 1
    assert {entry["key"] for entry in server.requests} == {"run/1/0"}


@pytest.mark.parametrize("step", [Step("status"), Step("stall"), Step("disconnect"), limited(), limited(0.01)])
def test_attempts_are_bounded(openai_server: Start, step: Step) -> None:
    server = openai_server(lambda index, body: step)
    (completion,) = ask(server, attempts=3, timeout=patience(step))
    assert completion.reply is None
    assert completion.error is not None
    assert completion.error.endswith("(3 attempts)")
    assert len(completion.attempts) == len(server.requests) == 3


@pytest.mark.parametrize("message", ["maximum context length is 8192 tokens", "unsupported value: 'messages'"])
def test_bad_request_is_final(openai_server: Start, message: str) -> None:
    server = openai_server([refused(message)])
    (completion,) = ask(server)
    assert completion.reply is None
    assert completion.error == f"HTTP 400: {message}"
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "step",
    [
        refused("only the default is supported", param="temperature"),
        refused("temperature is not supported with this model"),
    ],
)
def test_refused_parameter_is_dropped_once(openai_server: Start, step: Step) -> None:
    server = openai_server(lambda index, body: step if "temperature" in body else GOOD)

    async def run() -> list[Completion]:
        proposer = OpenAIProposer(server.url, temperature=0.7, attempts=1)
        return [await proposer.propose(request(number)) for number in (1, 2)]

    first, second = asyncio.run(run())
    assert first.reply
    assert second.reply
    assert [len(completion.attempts) for completion in (first, second)] == [2, 1]
    assert [entry["parameters"] for entry in server.requests] == [["temperature"], [], []]


def test_temperature_is_sent(openai_server: Start) -> None:
    server = openai_server()
    ask(server, temperature=0.7)
    assert server.requests[0]["parameters"] == ["temperature"]


@pytest.mark.parametrize(
    ("step", "reply", "finish"),
    [
        (Step(text=""), "", "stop"),
        (Step(null=True, reasoning="thought all the way"), "", "stop"),
        (Step(text="```python\ndef prio", finish="length"), "```python\ndef prio", "length"),
        (Step(text="No."), "No.", "stop"),
    ],
)
def test_replies_are_returned_as_they_are(openai_server: Start, step: Step, reply: str, finish: str) -> None:
    (completion,) = ask(openai_server([step]))
    assert (completion.reply, completion.finish_reason, completion.error) == (reply, finish, None)


def test_missing_usage_is_estimated(openai_server: Start) -> None:
    (completion,) = ask(openai_server([Step(usage=False, text="x" * 400)]))
    assert completion.estimated
    assert completion.output_tokens == 100
    assert completion.input_tokens == len("You write rules.Improve it.") // 4


def test_rate_limit_holds_back_all_calls(openai_server: Start) -> None:
    """Call 1 is limited for 0.5 s; call 2 starts meanwhile and must not be sent before."""
    server = openai_server([limited(0.5)])

    async def run() -> None:
        proposer = OpenAIProposer(server.url)

        async def late() -> Completion:
            await asyncio.sleep(0.2)
            return await proposer.propose(request(2))

        replies = await asyncio.gather(proposer.propose(request(1)), late())
        assert all(completion.reply for completion in replies)

    asyncio.run(run())
    first, *others = (entry["time"] for entry in server.requests)
    assert len(others) == 2
    assert min(others) - first >= 0.48


def test_rate_limit_without_hint_waits_longer_each_time(openai_server: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_WAIT", 0.02)
    server = openai_server([limited()] * 4)
    ask(server)
    times = [entry["time"] for entry in server.requests]
    assert times[4] - times[3] > times[1] - times[0]


def test_many_calls_at_once_against_a_flaky_server(openai_server: Start) -> None:
    server = openai_server(SCRIPTS["flaky"])
    completions = ask(server, *(request(number) for number in range(30)), concurrency=4)
    assert all(completion.reply for completion in completions)
    assert len(server.paid) == 30


def test_concurrency_is_bounded(openai_server: Start) -> None:
    server = openai_server(lambda index, body: Step(seconds=0.15))
    completions = ask(server, *(request(number) for number in range(6)), concurrency=2)
    assert len(completions) == 6
    times = sorted(entry["time"] for entry in server.requests)
    assert times[2] - times[0] >= 0.1
    assert times[4] - times[2] >= 0.1


def test_a_stalled_call_does_not_hold_the_others_up(openai_server: Start) -> None:
    server = openai_server(lambda index, body: Step("stall") if "slow" in body["messages"][1]["content"] else GOOD)
    started = time.monotonic()
    requests = [request(0, content="slow"), *(request(number) for number in range(1, 9))]
    stalled, *others = ask(server, *requests, timeout=4.0, attempts=1)
    assert stalled.error == "timed out after 4 s"
    assert all(completion.seconds < 3.9 and completion.reply for completion in others)
    assert time.monotonic() - started < 8


def test_surrogates_in_a_prompt(openai_server: Start) -> None:
    server = openai_server()
    (completion,) = ask(server, request(content="stdout: \udcff\x00"))
    assert completion.reply
    assert server.requests[0]["messages"][1]["content"] == "stdout: ?\x00"


# What no retry can mend.


def failure(server: FakeServer, *requests: Request, **options: Any) -> str:
    with pytest.raises(ProposerError) as caught:
        ask(server, *requests, **options)
    text = str(caught.value)
    assert "\n" not in text
    assert KEY not in text
    return text


def test_wrong_key(openai_server: Start) -> None:
    server = openai_server(key="another")
    text = failure(server)
    assert server.url in text
    assert "refuses the key in OPENAI_API_KEY" in text
    assert "Incorrect API key provided" in text


def test_key_is_never_shown(openai_server: Start, caplog: pytest.LogCaptureFixture) -> None:
    """Servers that repeat the key in their errors, in every kind of error."""
    caplog.set_level(logging.DEBUG)
    echo = f"your key {KEY} is bad"
    forbidden = Step("status", status=403, error={"message": echo})
    assert "your key *** is bad" in failure(openai_server([forbidden]))
    script: Script = [
        Step("status", error={"message": echo}),
        Step("body", text=f'{{"error": "{echo}"}}'),
        refused(echo),
    ]
    (completion,) = ask(openai_server(script))
    assert KEY not in repr(completion)
    assert completion.error == "HTTP 400: your key *** is bad (3 attempts)"
    assert KEY not in caplog.text


def test_unknown_model(openai_server: Start) -> None:
    text = failure(openai_server(), request(model="gpt-17"))
    assert "has no model 'gpt-17'; it offers fake-large, fake-small" in text


def test_wrong_address(openai_server: Start) -> None:
    server = openai_server()
    server.url = server.url.removesuffix("/v1")
    assert "does /v1 miss?" in failure(server)


def test_no_credit(openai_server: Start) -> None:
    broke = Step("status", status=429, error={"message": "You exceeded your quota", "code": "insufficient_quota"})
    server = openai_server([broke])
    assert "no credit left: You exceeded your quota" in failure(server)
    assert len(server.requests) == 1


def test_no_model_named(openai_server: Start) -> None:
    assert "--model" in failure(openai_server(), request(model=None))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_nothing_listens_at_first() -> None:
    url = f"http://127.0.0.1:{free_port()}/v1"

    async def run() -> None:
        await OpenAIProposer(url).propose(request())

    with pytest.raises(ProposerError, match=f"cannot reach {url}: ") as caught:
        asyncio.run(run())
    assert "\n" not in str(caught.value)


def test_server_dies_and_comes_back(openai_server: Start) -> None:
    """Once the endpoint has answered, its absence is a failed call; the next call may succeed."""
    server = openai_server()

    async def run() -> None:
        proposer = OpenAIProposer(server.url, attempts=2)
        assert (await proposer.propose(request(1))).reply
        await asyncio.to_thread(server.stop)
        gone = await proposer.propose(request(2))
        assert gone.reply is None
        assert gone.error is not None
        assert "connection lost" in gone.error
        with FakeServer(port=server.port):
            assert (await proposer.propose(request(3))).reply

    asyncio.run(run())


def test_missing_key_for_openai() -> None:
    with pytest.raises(ProposerError, match=r"set OPENAI_API_KEY.*`--proposer mutator` needs neither"):
        OpenAIProposer()


@pytest.mark.parametrize(
    "url", ["localhost:8000", "ftp://host/v1", "http://", "http://host:99999/v1", "http://[::1/v1"]
)
def test_not_a_url(url: str) -> None:
    with pytest.raises(ProposerError, match=re.escape(f"--base-url {url.rstrip('/')}: not a URL")):
        OpenAIProposer(url)


def test_password_in_what_is_not_a_url_is_not_shown() -> None:
    with pytest.raises(ProposerError, match="--base-url localhost:8000/v1: not a URL"):
        OpenAIProposer("me:hunter22@localhost:8000/v1")


def test_environment(openai_server: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    server = openai_server(key=KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)

    async def run() -> Completion:
        return await OpenAIProposer().propose(request())

    assert asyncio.run(run()).reply


# The end of a run.


@pytest.mark.parametrize("step", [limited(60), Step("status", headers={"retry-after": "60"})])
def test_what_only_waits_is_given_up_when_the_run_is_to_end(openai_server: Start, step: Step) -> None:
    server = openai_server([step] * 9)

    async def run() -> list[Any]:
        proposer = OpenAIProposer(server.url, concurrency=2)
        waiting = [asyncio.create_task(proposer.propose(request(number))) for number in range(3)]
        while not server.requests:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)
        proposer.hurry()
        asked = len(server.requests)
        async with asyncio.timeout(5):
            ends = await asyncio.gather(*waiting, proposer.propose(request(4)), return_exceptions=True)
        await proposer.close()
        assert len(server.requests) == asked
        return ends

    assert [type(end) for end in asyncio.run(run())] == [GivenUp] * 4


@pytest.mark.parametrize(("step", "ends"), [(Step(), Completion), (Step("status"), GivenUp)])
def test_what_is_being_answered_may_end_when_the_run_is_to_end(
    openai_server: Start, step: Step, ends: type[object]
) -> None:
    server = openai_server(lambda index, body: replace(step, seconds=0.5))

    async def run() -> object:
        proposer = OpenAIProposer(server.url)
        asked = asyncio.create_task(proposer.propose(request()))
        await asyncio.sleep(0.2)
        proposer.hurry()
        [end] = await asyncio.gather(asked, return_exceptions=True)
        await proposer.close()
        return end

    assert isinstance(asyncio.run(run()), ends)
    assert len(server.requests) == 1


# The check before a run.


def check(proposer: OpenAIProposer, *models: str) -> str:
    return asyncio.run(proposer.check(models))


def test_check(openai_server: Start) -> None:
    server = openai_server(key=KEY)
    assert check(OpenAIProposer(server.url, KEY)) == f"{server.url} answers and lists 2 models"
    assert check(OpenAIProposer(server.url, KEY), "fake-small") == f"{server.url} answers and lists 2 models"
    assert server.requests == []
    with pytest.raises(ProposerError, match="has no model 'fake-smal'; it offers fake-large, fake-small"):
        check(OpenAIProposer(server.url, KEY), "fake-small", "fake-smal")
    with pytest.raises(ProposerError, match="wants a key: set OPENAI_API_KEY"):
        check(OpenAIProposer(server.url), "fake-small")
    with pytest.raises(ProposerError, match="wants a key: set OPENAI_API_KEY"):
        check(OpenAIProposer(server.url))
    with pytest.raises(ProposerError, match="cannot reach"):
        check(OpenAIProposer(f"http://127.0.0.1:{free_port()}/v1"))
    assert "does not list its models (HTTP 404)" in check(OpenAIProposer(server.url.removesuffix("/v1")))


@pytest.mark.parametrize(
    ("listed", "says"), [((), "does not list its models"), (("x",), "it does not list fake-small")]
)
def test_a_model_that_is_not_listed_may_be_there(openai_server: Start, listed: tuple[str, ...], says: str) -> None:
    server = openai_server(listed=listed)
    assert says in check(OpenAIProposer(server.url), "fake-small")
    assert [entry["messages"] for entry in server.requests] == [[]]
    with pytest.raises(ProposerError, match="has no model 'fake-smal'"):
        check(OpenAIProposer(server.url), "fake-smal")


@pytest.mark.parametrize("step", [refused("messages: at least one"), limited(), Step("status"), Step("disconnect")])
def test_an_endpoint_that_does_not_take_the_empty_question_is_not_refused(openai_server: Start, step: Step) -> None:
    server = openai_server([step], listed=())
    assert "does not list" in check(OpenAIProposer(server.url), "fake-small")


def test_password_in_url_is_not_shown(openai_server: Start) -> None:
    port = free_port()
    proposer = OpenAIProposer(f"http://me:hunter22@127.0.0.1:{port}/v1")
    assert proposer.url == f"http://127.0.0.1:{port}/v1"
    with pytest.raises(ProposerError) as caught:
        check(proposer)
    assert "hunter22" not in str(caught.value)
