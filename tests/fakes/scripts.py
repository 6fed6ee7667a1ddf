"""Scripts for the fake model server: what it does with each request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from tests.fakes.replies import BROKEN_CODE, NOT_CODE


@dataclass(frozen=True)
class Step:
    """What becomes of one request.

    kind: reply; status (an error with `status`, `error` and `headers`); disconnect (half a reply, then the connection
    closes); stall (never answers); drip (one byte at a time, `seconds` apart); truncated (half a JSON document, as if
    complete); body (`text` as it is, as JSON). seconds: wait before the answer. text: None for a variation. usage:
    False leaves it out.
    """

    kind: Literal["reply", "status", "disconnect", "stall", "drip", "truncated", "body"] = "reply"
    text: str | None = None
    seconds: float = 0.0
    usage: bool = True
    cached: int = 0
    finish: str = "stop"
    reasoning: str | None = None
    null: bool = False
    status: int = 500
    error: dict[str, Any] = field(default_factory=lambda: {"message": "it happens", "type": "server_error"})
    headers: dict[str, str] = field(default_factory=dict)


Script = Sequence[Step | str] | Callable[[int, dict[str, Any]], Step | str]

GOOD = Step()


def limited(retry_after: float | str | None = None) -> Step:
    headers = {} if retry_after is None else {"retry-after": str(retry_after)}
    return Step("status", status=429, error={"message": "slow down", "code": "rate_limit_exceeded"}, headers=headers)


def refused(message: str, **error: Any) -> Step:
    return Step("status", status=400, error={"message": message, "type": "invalid_request_error", **error})


def step_of(script: Script, index: int, body: dict[str, Any]) -> Step:
    """The step for the request with this index, from 0; a list that has ended goes on with good replies."""
    step: Step | str = GOOD
    if callable(script):
        step = script(index, body)
    elif index < len(script):
        step = script[index]
    return replace(GOOD, text=step) if isinstance(step, str) else step


def _flaky(index: int, body: dict[str, Any]) -> Step | str:
    """A bad day: of ten requests, six are answered well."""
    bad = {1: limited(0.05), 3: Step("status"), 4: Step("disconnect"), 8: Step("truncated")}
    return bad.get(index % 10, GOOD)


def _weak(index: int, body: dict[str, Any]) -> Step | str:
    """A weak model: prose, code that does not parse, nothing at all, and now and then a program."""
    cut_short = Step(finish="length", text="```python\ndef priority(p")
    says: list[Step | str] = [NOT_CODE, BROKEN_CODE, Step(text=""), GOOD, cut_short]
    return says[index % len(says)]


SCRIPTS: dict[str, Script] = {
    "good": lambda index, body: GOOD,
    "slow": lambda index, body: Step(seconds=0.3),
    "flaky": _flaky,
    "weak": _weak,
    "noncode": lambda index, body: NOT_CODE,
    "empty": lambda index, body: Step(text=""),
    "broken": lambda index, body: Step("status"),
    "limited": lambda index, body: limited(),
    "stall": lambda index, body: Step("stall"),
    "stall-once": [Step("stall")],
    "nousage": lambda index, body: Step(usage=False),
}
