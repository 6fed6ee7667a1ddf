"""A proxy that speaks the OpenAI protocol on this machine: passes calls on to an endpoint, counts them, and refuses
what a budget does not allow. So another engine can be run with the same model and the same budget.

Every POST is a call. What the endpoint answers passes through as it is; nothing of headers or texts is kept.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from evolve.bench.ledger import Ledger, Used
from evolve.config import ConfigError

CHARACTERS_PER_TOKEN = 4
CONNECT_SECONDS = 10.0  # for the rest, the engine's own time-outs hold
OF_A_CONNECTION = {
    *("connection", "content-encoding", "content-length", "host", "keep-alive", "proxy-authenticate"),
    *("proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade", "accept-encoding"),
}
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]
END_OF_EVENT = re.compile(rb"\r?\n\r?\n")
DONE = b"[DONE]"


class Meter:
    """The proxy of one ledger."""

    def __init__(self, upstream: str, ledger: Ledger) -> None:
        self._upstream = upstream.rstrip("/")
        self._ledger = ledger
        self._client = httpx.AsyncClient(timeout=httpx.Timeout(None, connect=CONNECT_SECONDS))
        self._changed = asyncio.Event()  # set when a call ends, and then replaced
        self.app = Starlette(routes=[Route("/{path:path}", self._handle, methods=METHODS)], lifespan=self._until_closed)

    @asynccontextmanager
    async def _until_closed(self, _: Starlette) -> AsyncIterator[None]:
        yield
        await self._client.aclose()

    async def _handle(self, request: Request) -> Response:
        path = request.path_params["path"].removeprefix("v1/")
        body = await request.body()
        if request.method != "POST":
            return await self._passed_on(request, path, body)
        asked = _object(body)
        model = str(asked.get("model", "unnamed"))
        reason = await self._exhausted()
        if reason is not None:
            self._ledger.refuse(model)
            return _used_up(reason)
        call = _Call(self._ledger, self._ledger.asked(path, model), asked)
        try:
            return await self._answer(request, path, body, call)
        except httpx.HTTPError as error:
            call.failed(type(error).__name__)
            message = f"the meter got no answer from {self._ledger.upstream}: {type(error).__name__}"
            return JSONResponse({"error": {"message": message, "type": "server_error", "code": None}}, 502)
        finally:
            self._wake_waiting()

    async def _exhausted(self) -> str | None:
        """Why the budget allows no call, or None. While calls in flight may leave something of it, a call waits."""
        budget = self._ledger.budget
        while (reason := budget.exhausted(calling=True)) is not None and budget.in_flight:
            await self._changed.wait()
        return reason

    def _wake_waiting(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _answer(self, request: Request, path: str, body: bytes, call: _Call) -> Response:
        """Pass a call on; count its answer before it is passed back."""
        # Only so do streams carry their usage.
        hidden = path.endswith("completions") and call.asked.get("stream") is True and not call.wants_usage
        sent = json.dumps({**call.asked, "stream_options": {"include_usage": True}}).encode() if hidden else body
        answer = await self._send(request, path, sent)
        if hidden and answer.status_code in (400, 422):  # an endpoint that does not know the option
            await answer.aclose()
            answer = await self._send(request, path, body)
        if answer.is_success and answer.headers.get("content-type", "").startswith("text/event-stream"):
            events = self._streamed(answer, call, hidden)
            end = BackgroundTask(self._end, answer, call)  # also where the engine hung up before the first event
            return StreamingResponse(events, answer.status_code, _kept(answer.headers), background=end)
        content = await answer.aread()
        if answer.is_success:
            call.read(_object(content))
            call.answered()
        else:
            call.failed(f"HTTP {answer.status_code}")
        return Response(content, answer.status_code, _kept(answer.headers))

    async def _streamed(self, answer: httpx.Response, call: _Call, hidden: bool) -> AsyncIterator[bytes]:
        """The events of a stream; the one that brings nothing but a usage that the engine did not ask for is left
        out. The call is counted before its last event is passed back, or when the engine hangs up."""
        try:
            async for event in _events(answer):
                text = b"".join(line[5:].strip() for line in event.splitlines() if line.startswith(b"data:"))
                if text == DONE:
                    call.answered()
                data = _object(text)
                call.read(data)
                if not (hidden and data.get("choices") == [] and data.get("usage")):
                    yield event
            call.answered()
        except httpx.HTTPError as error:
            call.broke(type(error).__name__)
            raise
        finally:
            await self._end(answer, call)

    async def _end(self, answer: httpx.Response, call: _Call) -> None:
        call.answered()
        self._wake_waiting()
        await answer.aclose()

    async def _passed_on(self, request: Request, path: str, body: bytes) -> Response:
        try:
            answer = await self._send(request, path, body)
            return Response(await answer.aread(), answer.status_code, _kept(answer.headers))
        except httpx.HTTPError as error:
            return JSONResponse({"error": {"message": type(error).__name__, "type": "server_error"}}, 502)

    async def _send(self, request: Request, path: str, body: bytes) -> httpx.Response:
        headers = {**_kept(request.headers), "accept-encoding": "identity"}
        url = httpx.URL(f"{self._upstream}/{path}", query=request.url.query.encode())
        return await self._client.send(
            self._client.build_request(request.method, url, headers=headers, content=body), stream=True
        )


class _Call:
    """A call under way: what is known of its tokens so far. It ends once."""

    def __init__(self, ledger: Ledger, number: int, asked: dict[str, Any]) -> None:
        self.asked = asked
        self.ended = False
        self._ledger, self._number = ledger, number
        self._started = time.monotonic()
        self._characters = 0
        self._usage: Used | None = None

    @property
    def wants_usage(self) -> bool:
        options = self.asked.get("stream_options")
        return isinstance(options, dict) and options.get("include_usage") is True

    def read(self, data: dict[str, Any]) -> None:
        """Take an answer, or an event of one, into account."""
        self._usage = usage_of(data) or self._usage
        self._characters += len(_said(data))

    def answered(self) -> None:
        if not self.ended:
            self.ended = True
            self._ledger.answered(self._number, self._usage or self._estimate(), time.monotonic() - self._started)

    def failed(self, error: str) -> None:
        if not self.ended:
            self.ended = True
            self._ledger.failed(self._number, error, time.monotonic() - self._started)

    def broke(self, error: str) -> None:
        """A stream broke off: what it had brought by then is paid for."""
        if self._characters:
            self.answered()
        else:
            self.failed(error)

    def _estimate(self) -> Used:
        messages = self.asked.get("messages")
        texts = [m.get("content") for m in messages if isinstance(m, dict)] if isinstance(messages, list) else []
        texts += [self.asked.get(name) for name in ("prompt", "input") if name in self.asked]
        sent = sum(len(str(text)) for text in texts)
        return Used(sent // CHARACTERS_PER_TOKEN, self._characters // CHARACTERS_PER_TOKEN, estimated=True)


def usage_of(data: dict[str, Any]) -> Used | None:
    """The usage that an answer or an event of a stream states, by the names of either of OpenAI's protocols."""
    response = data.get("response")
    usage = data.get("usage") or (response.get("usage") if isinstance(response, dict) else None)
    if not isinstance(usage, dict):
        return None
    prompt, completion = (
        max(_number(usage.get(name)) for name in names)
        for names in (("prompt_tokens", "input_tokens"), ("completion_tokens", "output_tokens"))
    )
    details = usage.get("prompt_tokens_details") or usage.get("input_tokens_details")
    cached = _number(details.get("cached_tokens")) if isinstance(details, dict) else 0
    return Used(prompt, completion, min(cached, prompt)) if prompt else None  # no prompt is empty


def _said(data: dict[str, Any]) -> str:
    """The text of an answer or of an event, for an estimate."""
    choices = data.get("choices")
    if not isinstance(choices, list):
        return data["delta"] if isinstance(data.get("delta"), str) else ""
    found = ""
    for choice in choices:
        if isinstance(choice, dict):
            message = choice.get("message") or choice.get("delta")
            text = message.get("content") if isinstance(message, dict) else choice.get("text")
            found += text if isinstance(text, str) else ""
    return found


def _number(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _object(content: bytes) -> dict[str, Any]:
    """A JSON object; empty where it is none."""
    try:
        found = json.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _kept(headers: Any) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in OF_A_CONNECTION}


async def _events(answer: httpx.Response) -> AsyncIterator[bytes]:
    """The events of a stream, as they were sent."""
    waiting = b""
    async for part in answer.aiter_bytes():
        waiting += part
        while (end := END_OF_EVENT.search(waiting)) is not None:
            yield waiting[: end.end()]
            waiting = waiting[end.end() :]
    if waiting:
        yield waiting


def _used_up(reason: str) -> Response:
    message = f"The meter's budget of {reason} is used up."
    error = {"message": message, "type": "insufficient_quota", "param": None, "code": "insufficient_quota"}
    return JSONResponse({"error": error}, 429, {"x-should-retry": "false"})


def shown(upstream: str) -> str:
    """An endpoint's URL without its password. Raises ConfigError for what is no URL."""
    try:
        parts = urlsplit(upstream)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise ConfigError("--upstream is not a URL: expected something like https://api.openai.com/v1")
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()


def listen(port: int) -> socket.socket:
    """A socket of this machine alone; port 0 is any that is free. Raises ConfigError."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
    except (OSError, OverflowError) as error:
        listening.close()
        raise ConfigError(f"--port {port}: {getattr(error, 'strerror', None) or error}; choose another") from None
    listening.listen(128)
    return listening


async def serve(upstream: str, ledger: Ledger, listening: socket.socket) -> None:
    """Serve until the process is told to stop."""
    config = uvicorn.Config(Meter(upstream, ledger).app, log_level="critical", timeout_graceful_shutdown=5)
    await uvicorn.Server(config).serve(sockets=[listening])
