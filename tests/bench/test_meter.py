"""The meter between an engine of others and a model: counts everything, loses nothing, and keeps no key."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from tests.bench.engine import run_engine
from tests.bench.metering import Metered
from tests.fakes.openai_server import FakeServer
from tests.fakes.scripts import Step

Start = Callable[..., FakeServer]
ASKED: dict[str, Any] = {"model": "fake-small", "messages": [{"role": "user", "content": "x" * 400}]}


def test_an_engine_is_counted_and_stopped_at_its_budget(openai_server: Start, tmp_path: Path) -> None:
    server = openai_server(lambda index, body: Step(cached=1), key="sk-not-to-be-written-down")
    with Metered(server.url, tmp_path / "meter.json", "--calls", "5") as meter:
        assert run_engine(meter.url, 8, tmp_path / "best.py") == "5 insufficient_quota"
        found = meter.summary
    assert len(server.requests) == 5
    assert "def priority(" in (tmp_path / "best.py").read_text()
    sent = [len(entry["messages"][0]["content"]) // 4 for entry in server.requests]
    received = [len(server.paid[f"request {index}"]) // 4 for index in range(5)]
    assert (found["calls"], found["failed_calls"], found["refused_calls"], found["estimated_calls"]) == (5, 0, 1, 0)
    assert (found["prompt_tokens"], found["completion_tokens"]) == (sum(sent), sum(received))
    assert found["cached_tokens"] == 5
    assert found["models"]["fake-small"]["calls"] == 5
    assert found["limits"] == {"calls": 5, "tokens": None}
    written = (tmp_path / "meter.json").read_text() + (tmp_path / "meter.jsonl").read_text()
    assert "sk-not" not in written
    assert "Write rule" not in written


def test_a_kill_loses_nothing_and_the_budget_goes_on(openai_server: Start, tmp_path: Path) -> None:
    server = openai_server(lambda index, body: Step(seconds=30.0) if body["messages"] == ASKED["messages"] else Step())
    out = tmp_path / "meter.json"
    with Metered(server.url, out, "--calls", "5") as meter:
        run_engine(meter.url, 3, tmp_path / "best.py")
        with socket.create_connection(("127.0.0.1", httpx.URL(meter.url).port)) as asking:  # a call that hangs
            body = json.dumps(ASKED).encode()
            head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
            asking.sendall(head.encode() + body)
            wait_for(lambda: meter.summary["in_flight"] == 1)
            meter.process.kill()
            meter.process.wait()
        assert meter.summary["calls"] == 3
    with (tmp_path / "meter.jsonl").open("a") as lines:
        lines.write('{"time": 1.0, "ev')  # as if killed while writing
    with Metered(server.url, out, "--calls", "5") as meter:
        found = meter.summary
        assert (found["calls"], found["estimated_calls"], found["in_flight"]) == (4, 1, 0)  # it may have been paid
        assert run_engine(meter.url, 3, tmp_path / "best.py") == "1 insufficient_quota"
        assert meter.summary["calls"] == 5


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_what_an_endpoint_does_passes_through(openai_server: Start, tmp_path: Path) -> None:
    steps = [Step("status", status=503), Step(usage=False), Step("disconnect"), Step(), Step()]
    server = openai_server(steps)
    with Metered(server.url, tmp_path / "meter.json") as meter, httpx.Client(base_url=meter.url, timeout=20) as client:
        assert [model["id"] for model in client.get("/models").json()["data"]] == list(server.models)
        assert meter.summary["calls"] == 0
        failed = client.post("/chat/completions", json=ASKED)
        assert (failed.status_code, failed.json()) == (503, {"error": steps[0].error})
        estimated = client.post("/chat/completions", json=ASKED).json()["choices"][0]["message"]["content"]
        found = meter.summary
        assert (found["calls"], found["failed_calls"], found["estimated_calls"]) == (1, 1, 1)
        assert (found["prompt_tokens"], found["completion_tokens"]) == (100, len(estimated) // 4)
        assert client.post("/chat/completions", json=ASKED).status_code == 502
        assert meter.summary["failed_calls"] == 2
        wrong = client.post("/chat/completions", json={**ASKED, "model": "nothing"})
        assert wrong.json()["error"]["code"] == "model_not_found"
        # A usage that the engine asked for passes; one that it did not is counted and left out.
        asked = {**ASKED, "stream": True, "stream_options": {"include_usage": True}}
        assert '"usage"' in client.post("/chat/completions", json=asked).text
        streamed = client.post("/chat/completions", json={**ASKED, "stream": True}).text
        assert '"usage"' not in streamed
        assert streamed.endswith("data: [DONE]\n\n")
        found = meter.summary
        assert (found["calls"], found["estimated_calls"]) == (3, 1)
        assert found["in_flight"] == 0


def test_calls_at_once_are_no_more_than_the_budget(openai_server: Start, tmp_path: Path) -> None:
    server = openai_server([Step("status", status=500)], latency=0.1)

    async def ask(client: openai.AsyncOpenAI) -> str:
        try:
            await client.chat.completions.create(**ASKED)
        except openai.RateLimitError as error:
            return str(error.code)
        except openai.InternalServerError:
            return "failed"
        return "answered"

    async def ask_all(url: str) -> list[str]:
        async with openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:
            return sorted(await asyncio.gather(*(ask(client) for _ in range(8))))

    with Metered(server.url, tmp_path / "meter.json", "--calls", "3") as meter:
        answers = asyncio.run(ask_all(meter.url))
        found = meter.summary
    # The failed one leaves its place in the budget to one that waited.
    assert answers == ["answered"] * 3 + ["failed"] + ["insufficient_quota"] * 4
    assert (found["calls"], found["failed_calls"], found["refused_calls"]) == (3, 1, 4)


def test_an_engine_that_hangs_up_is_counted(openai_server: Start, tmp_path: Path) -> None:
    server = openai_server()
    with Metered(server.url, tmp_path / "meter.json") as meter, httpx.Client(base_url=meter.url) as client:
        with client.stream("POST", "/chat/completions", json={**ASKED, "stream": True}) as answer:
            next(answer.iter_raw())
        wait_for(lambda: meter.summary["calls"] == 1)
        assert meter.summary["in_flight"] == 0


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--upstream", "nowhere", "--out", "m.json"], "--upstream is not a URL"),
        (["--upstream", "http://h/v1", "--out", "there.json"], "not of a meter"),
        (["--upstream", "http://h/v1", "--out", "no/such/m.json"], "No such file or directory"),
        (["--upstream", "http://h/v1", "--out", "m.jsonl"], "choose FILE.json"),
        (["--upstream", "http://h/v1", "--out", "broken.json"], "broken.jsonl is not of a meter"),
    ],
)
def test_options_that_do_not_fit(tmp_path: Path, refused: Callable[..., str], options: list[str], says: str) -> None:
    (tmp_path / "there.json").write_text("{}")
    (tmp_path / "broken.jsonl").write_text("[1]\n")
    assert says in refused(tmp_path, "meter", *options)


def test_a_port_that_is_taken(tmp_path: Path, refused: Callable[..., str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        line = refused(tmp_path, "meter", "--upstream", "http://h/v1", "--out", "m.json", "--port", port)
    assert "--port" in line
