"""What went wrong with a call to an OpenAI-compatible endpoint, and whether another attempt can mend it."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from typing import Any

import openai

LONGEST_TEXT = 300
# 408, 409 and 425 ask for another attempt by their definition; 429 and 5xx pass with time.
TRANSIENT = {408, 409, 425, 429}


class CallFailed(Exception):
    """One attempt failed. `again`: another may succeed. `wait`: seconds that the endpoint asked for, or None."""

    def __init__(self, outcome: str, status: int | None = None, again: bool = True, wait: float | None = None) -> None:
        super().__init__(outcome)
        self.outcome = outcome
        self.status = status
        self.again = again
        self.wait = wait


def call_failed(error: openai.OpenAIError) -> CallFailed:
    """The failure that an error of the openai package stands for."""
    if isinstance(error, openai.APITimeoutError):
        return CallFailed("timed out")
    if isinstance(error, openai.APIStatusError):
        status = error.status_code
        again = (status in TRANSIENT or status >= 500) and not out_of_funds(error)
        return CallFailed(f"HTTP {status}: {said(error)}", status, again, retry_after(error.response.headers))
    if isinstance(error, openai.APIConnectionError):
        return CallFailed(f"connection lost: {one_line(str(error.__cause__ or error))}")
    return CallFailed(one_line(str(error)))


def nothing_listens(error: openai.OpenAIError) -> bool:
    """No connection came about, as opposed to one that broke."""
    # By name, for the client's HTTP library has been httpx and httpx2.
    return isinstance(error, openai.APIConnectionError) and type(error.__cause__).__name__ == "ConnectError"


def out_of_funds(error: openai.APIStatusError) -> bool:
    """The account cannot pay: 402, or a 429 that no waiting helps."""
    return error.status_code == 402 or (error.status_code == 429 and _field(error, "code") == "insufficient_quota")


def unknown_model(error: openai.APIStatusError) -> bool:
    """The endpoint has no such model, or no such address."""
    return error.status_code == 404 or _field(error, "code") == "model_not_found"


def refuses(error: openai.APIStatusError, parameter: str) -> bool:
    """The endpoint does not take this parameter, or not with this value."""
    named = _field(error, "param") == parameter or parameter in said(error)
    return error.status_code in (400, 422) and named


def said(error: openai.APIStatusError) -> str:
    """What the endpoint said, in one line."""
    return one_line(_field(error, "message") or error.response.text or error.response.reason_phrase)


def one_line(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def retry_after(headers: Any) -> float | None:
    """Seconds to wait by a Retry-After header, which may hold seconds or a date."""
    value = headers.get("retry-after")
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None


def _field(error: openai.APIStatusError, name: str) -> str:
    value = error.body.get(name) if isinstance(error.body, dict) else None
    return value if isinstance(value, str) else ""
