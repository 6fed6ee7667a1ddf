"""A fake model endpoint over real HTTP: /v1/chat/completions and /v1/models, scripted request by request.

`python -m tests.fakes.openai_server --port 8099 --script flaky --log requests.jsonl` runs it on its own; inside a
test, `with FakeServer([...]) as server` does. A completion is paid for when the server makes it; a repeated
Idempotency-Key gets the same one again, which is not paid for twice.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.fakes.replies import variation
from tests.fakes.scripts import SCRIPTS, Script, Step, step_of


class FakeServer:
    """The server, its log, and what was paid. As a context manager it runs in a thread on a free port."""

    def __init__(
        self,
        script: Script = (),
        key: str | None = None,
        models: tuple[str, ...] = ("fake-small", "fake-large"),
        log: Path | None = None,
        port: int = 0,
        latency: float = 0.0,
        listed: tuple[str, ...] | None = None,
    ) -> None:
        self.script = script
        self.key = key
        self.models = models
        self.listed = listed  # what the list shows, if not all models; empty: it cannot list them
        self.latency = latency
        self.requests: list[dict[str, Any]] = []
        self.paid: dict[str, str] = {}  # reply by idempotency key
        self._log = log
        self._index = 0
        routes = [
            Route("/v1/chat/completions", self._chat, methods=["POST"]),
            Route("/v1/models", self._list, methods=["GET"]),
        ]
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", port))
        self._socket.listen(128)  # a connection made before the server runs waits for it
        self.port = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"
        config = uvicorn.Config(
            Starlette(routes=routes), log_level="critical", lifespan="off", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self.serve, daemon=True)

    def serve(self) -> None:
        """Serve until stopped."""
        self._server.run(sockets=[self._socket])

    def __enter__(self) -> Self:
        self._thread.start()
        while not self._server.started:
            time.sleep(0.005)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Close the port and drop whatever is open."""
        self._server.should_exit = self._server.force_exit = True
        if self._thread.is_alive():
            self._thread.join(10)
        self._socket.close()

    async def _list(self, request: Request) -> Response:
        if not self._admitted(request):
            return _wrong_key()
        if self.listed == ():
            return JSONResponse({"detail": "Not Found"}, 404)
        listed = self.models if self.listed is None else self.listed
        return JSONResponse({"object": "list", "data": [{"id": name, "object": "model"} for name in listed]})

    async def _chat(self, request: Request) -> Response:
        body = await request.json()
        key = request.headers.get("idempotency-key", "")
        entry: dict[str, Any] = {"time": time.time(), "index": self._index, "key": key, "model": body.get("model")}
        entry |= {"messages": body.get("messages"), "parameters": sorted(set(body) - {"model", "messages"})}
        if not self._admitted(request):
            return self._logged(entry, "401", _wrong_key())
        if body.get("model") not in self.models:
            message = f"The model `{body.get('model')}` does not exist"
            error = {"message": message, "type": "invalid_request_error", "code": "model_not_found"}
            return self._logged(entry, "404", JSONResponse({"error": error}, 404))
        step = step_of(self.script, self._index, body)
        self._index += 1
        await asyncio.sleep(step.seconds if step.kind != "drip" else 0)
        await asyncio.sleep(self.latency)
        if step.kind == "status":
            answer = JSONResponse({"error": step.error}, step.status, headers=step.headers)
            return self._logged(entry, str(step.status), answer)
        if step.kind == "stall":
            self._logged(entry, "stall", Response())
            await asyncio.sleep(3600)
        if step.kind == "body":
            return self._logged(entry, "body", Response(step.text or "", media_type="application/json"))
        return self._logged(entry, step.kind, self._completion(body, key, step, entry))

    def _completion(self, body: dict[str, Any], key: str, step: Step, entry: dict[str, Any]) -> Response:
        name = key or f"request {entry['index']}"
        entry["paid"] = name not in self.paid
        drawn = name.partition("/")[2] or name  # without the run, whose name is another one every time
        reply = self.paid.setdefault(name, variation(drawn) if step.text is None else step.text)
        message = {"role": "assistant", "content": None if step.null else reply}
        if step.reasoning is not None:
            message["reasoning_content"] = step.reasoning
        data: dict[str, Any] = {
            "id": f"chatcmpl-{entry['index']}",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": body["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": step.finish}],
        }
        if step.usage:
            sent = sum(len(str(message["content"])) for message in body["messages"]) // 4
            received = len(reply) // 4
            data["usage"] = {
                "prompt_tokens": sent,
                "completion_tokens": received,
                "total_tokens": sent + received,
                "prompt_tokens_details": {"cached_tokens": step.cached},
            }
        text = json.dumps(data).encode()
        if body.get("stream"):
            return StreamingResponse(_streamed(data, body), media_type="text/event-stream")
        if step.kind == "disconnect":
            return StreamingResponse(
                _broken(text), headers={"content-length": str(len(text))}, media_type="application/json"
            )
        if step.kind == "drip":
            return StreamingResponse(_dripping(text, step.seconds), media_type="application/json")
        return Response(text[: len(text) // 2] if step.kind == "truncated" else text, media_type="application/json")

    def _admitted(self, request: Request) -> bool:
        return self.key is None or request.headers.get("authorization") == f"Bearer {self.key}"

    def _logged(self, entry: dict[str, Any], outcome: str, response: Response) -> Response:
        """Note the request before it is answered; the log is only ever appended to."""
        entry["outcome"] = outcome
        self.requests.append(entry)
        if self._log is not None:
            with self._log.open("a") as file:
                file.write(json.dumps(entry) + "\n")
        return response


def _wrong_key() -> Response:
    return JSONResponse({"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}}, 401)


async def _streamed(data: dict[str, Any], body: dict[str, Any]) -> AsyncIterator[bytes]:
    """The reply in three pieces, and the usage in an event of its own where it is asked for."""
    text = data["choices"][0]["message"]["content"] or ""
    third = len(text) // 3 + 1
    head = {name: data[name] for name in ("id", "created", "model")} | {"object": "chat.completion.chunk"}
    for place in range(0, len(text), third):
        piece = {"index": 0, "delta": {"content": text[place : place + third]}, "finish_reason": None}
        yield _event({**head, "choices": [piece]})
    yield _event({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    if "usage" in data and (body.get("stream_options") or {}).get("include_usage"):
        yield _event({**head, "choices": [], "usage": data["usage"]})
    yield b"data: [DONE]\n\n"


def _event(data: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(data).encode() + b"\n\n"


async def _broken(text: bytes) -> AsyncIterator[bytes]:
    yield text[: len(text) // 2]
    raise ConnectionResetError("as scripted")


async def _dripping(text: bytes, seconds: float) -> AsyncIterator[bytes]:
    for place in range(len(text)):
        yield text[place : place + 1]
        await asyncio.sleep(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--script", choices=sorted(SCRIPTS), default="good")
    parser.add_argument("--log", type=Path)
    parser.add_argument("--key")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before every answer")
    given = parser.parse_args()
    server = FakeServer(SCRIPTS[given.script], given.key, log=given.log, port=given.port, latency=given.latency)
    print(server.url, flush=True)
    server.serve()


if __name__ == "__main__":
    main()
