"""A language model behind any endpoint that speaks OpenAI's chat completions."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import openai
from openai.types.chat import ChatCompletion
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

from evolve.config import RunConfig
from evolve.pricing import price
from evolve.proposers._openai_errors import (
    CallFailed,
    call_failed,
    nothing_listens,
    one_line,
    out_of_funds,
    refuses,
    said,
    unknown_model,
)
from evolve.proposers.base import GivenUp, ProposerError, Request
from evolve.records import Attempt, Completion

DEFAULT_URL = "https://api.openai.com/v1"
FIRST_WAIT = 1.0  # seconds before the second attempt; doubles from there
LONGEST_WAIT = 60.0
LIMIT_HEAD_START = 2  # rate limits count by the minute: the first wait is 2^2 times as long as after other failures
LONGEST_PAUSE = 120.0  # an endpoint that asks for more gets the next attempt after this
CHECK_SECONDS = 15.0
CHARACTERS_PER_TOKEN = 4  # the usual estimate for English and code


class OpenAIProposer:
    """Asks a model for candidates, and records every attempt.

    base_url and api_key default to OPENAI_BASE_URL and OPENAI_API_KEY. attempts: requests per call at most. timeout:
    seconds for one attempt from first to last byte. temperature: sent only if given. concurrency: requests at a time.
    """

    name = "openai"
    reads_prompts = True
    operators: Sequence[str] | None = None

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | None = None,
        attempts: int = 6,
        timeout: float = 300.0,
        temperature: float | None = None,
        concurrency: int = 8,
    ) -> None:
        self._base_url = (base_url or os.environ.get("OPENAI_BASE_URL") or DEFAULT_URL).rstrip("/")
        parts = _parts(self._base_url)
        self.url = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()  # to show: without a password
        self._key = api_key or os.environ.get("OPENAI_API_KEY") or ""
        if not self._key and parts.hostname == urlsplit(DEFAULT_URL).hostname:
            raise ProposerError(
                "no key for api.openai.com: set OPENAI_API_KEY, or name another endpoint with --base-url; "
                "`--proposer mutator` needs neither"
            )
        self._secrets = [secret for secret in (self._key, parts.password) if secret]
        self._client = openai.AsyncOpenAI(
            base_url=self._base_url, api_key=self._key or "none", max_retries=0, timeout=timeout
        )
        self._attempts = attempts
        self._timeout = timeout
        self._options: dict[str, Any] = {} if temperature is None else {"temperature": temperature}
        self._refused: set[tuple[str, str]] = set()  # (model, parameter)
        self._slots = asyncio.Semaphore(concurrency)
        self._resume_at = 0.0  # after a 429 every call waits until then
        self._limits = 0  # refusals for the rate, in a row
        self._reached = False
        self._hurried = asyncio.Event()

    @classmethod
    def from_config(cls, config: RunConfig, run: str) -> OpenAIProposer:
        """For a run."""
        return cls(
            base_url=config.base_url,
            timeout=config.timeout,
            temperature=config.temperature,
            concurrency=config.parallel or 1,
        )

    async def propose(self, request: Request) -> Completion:
        """Ask the model that the request names."""
        if not request.model:
            raise ProposerError("no model named: use --model NAME, or `--proposer mutator`, which needs none")
        started = time.monotonic()
        attempts: list[Attempt] = []
        retrying = AsyncRetrying(
            stop=stop_after_attempt(self._attempts),
            retry=retry_if_exception(lambda error: isinstance(error, CallFailed) and error.again),
            wait=_backoff,
            sleep=self._pause,
            reraise=True,
        )
        try:
            answer: ChatCompletion = await retrying(self._attempt, request, request.model, attempts)
        except CallFailed as failure:
            seconds = time.monotonic() - started
            tries = f" ({len(attempts)} attempts)" if len(attempts) > 1 else ""
            return Completion(
                None, request.model, error=failure.outcome + tries, seconds=seconds, attempts=tuple(attempts)
            )
        return self._completion(request, request.model, answer, time.monotonic() - started, attempts)

    async def check(self, models: Sequence[str] = ()) -> str:
        """One line on the endpoint; ProposerError if it cannot be used, or has not all of these models. Lists what it
        has, which costs nothing; where models are named, they decide, whatever the list says or does not."""
        offered: list[str] = []
        try:
            offered = await self._models()
            line = f"{self.url} answers and lists {len(offered)} model{'' if len(offered) == 1 else 's'}"
        except TimeoutError:
            line = f"{self.url} did not answer within {CHECK_SECONDS:g} s"
            if not models:
                raise ProposerError(line) from None
        except openai.APIStatusError as error:
            self._reached = True
            if error.status_code in (401, 403) and not models:  # a key may be good for questions alone
                raise self._fatal(error) from error
            line = f"{self.url} answers, but does not list its models (HTTP {error.status_code})"
        except openai.APIConnectionError as error:
            raise self._unreachable(error) from error
        except (openai.OpenAIError, ValueError):
            line = f"{self.url} answers, but does not list its models"
        missing = [model for model in models if model not in offered]
        for model in missing:
            await self._try(model)
        return line + (f"; it does not list {', '.join(missing)}" if missing and offered else "")

    async def _try(self, model: str) -> None:
        """Raise ProposerError if the endpoint says that it has no such model. Aliases, variants and deployments are in
        no list, so it is asked a question without a message, which costs nothing, or a token."""
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await self._client.chat.completions.create(model=model, messages=[], max_tokens=1)
        except openai.APIStatusError as error:
            if error.status_code in (401, 403) or out_of_funds(error):
                raise self._fatal(error) from error
            if unknown_model(error):
                raise await self._no_model(error, model) from error
        except (openai.OpenAIError, TimeoutError, ValueError):
            return  # the search's own questions will tell

    def hurry(self) -> None:
        """Ask nothing more; wait for nothing but for what is being answered."""
        self._hurried.set()

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _attempt(self, request: Request, model: str, attempts: list[Attempt]) -> ChatCompletion:
        """One attempt, recorded; one more at once where the endpoint refuses a parameter that it can do without."""
        while True:
            async with self._slots:
                await self._wait_for_limit()
                started = time.monotonic()
                failure: CallFailed | None = None
                dropped = False
                try:
                    return await self._ask(request, model)
                except openai.OpenAIError as error:
                    dropped = self._drop_parameter(error, model)
                    failure = self._failure(error) if dropped else await self._judged(error, model)
                except CallFailed as error:
                    failure = error
                finally:
                    outcome = failure.outcome if failure else "ok"
                    status = failure.status if failure else 200
                    attempts.append(Attempt(outcome, time.monotonic() - started, status))
            if not dropped:
                raise failure

    async def _ask(self, request: Request, model: str) -> ChatCompletion:
        messages: Any = [{"role": m.role, "content": _encodable(m.content)} for m in request.messages]
        options = {name: value for name, value in self._options.items() if (model, name) not in self._refused}
        try:
            # The client's own time-out starts anew with every byte; this one does not.
            async with asyncio.timeout(self._timeout):
                answer: object = await self._client.chat.completions.create(
                    model=model, messages=messages, extra_headers={"Idempotency-Key": request.key}, **options
                )
        except TimeoutError:
            raise CallFailed(f"timed out after {self._timeout:g} s") from None
        except ValueError as error:
            raise CallFailed(f"the reply is not JSON: {one_line(str(error))}", 200) from None
        self._reached = True
        # The client does not validate: a gateway may answer 200 with an error inside, or with a page of HTML.
        if isinstance(answer, ChatCompletion) and _holds_message(answer):
            self._limits = 0
            return answer
        shown = getattr(answer, "error", None) or answer
        raise CallFailed(self._redact(one_line(f"the reply holds no message: {shown}")), 200)

    async def _judged(self, error: openai.OpenAIError, model: str) -> CallFailed:
        """The failure that the error stands for. Raises ProposerError for what no attempt of any call can mend."""
        if isinstance(error, openai.APIStatusError):
            self._reached = True
            if error.status_code in (401, 403) or out_of_funds(error):
                raise self._fatal(error) from error
            if unknown_model(error):
                raise await self._no_model(error, model) from error
        elif nothing_listens(error) and not self._reached:
            raise self._unreachable(error) from error
        failure = self._failure(error)
        if failure.status == 429:
            self._hold_all(failure.wait)
        return failure

    def _failure(self, error: openai.OpenAIError) -> CallFailed:
        failure = call_failed(error)
        return CallFailed(self._redact(failure.outcome), failure.status, failure.again, failure.wait)

    def _drop_parameter(self, error: openai.OpenAIError, model: str) -> bool:
        if not isinstance(error, openai.APIStatusError):
            return False
        new = {(model, name) for name in self._options if refuses(error, name)} - self._refused
        self._refused |= new
        return bool(new)

    def _hold_all(self, asked: float | None) -> None:
        """Let every call wait after a 429: as long as the endpoint asks, or longer with every refusal in a row."""
        now = time.monotonic()
        if now >= self._resume_at:  # the others that were in flight belong to the same refusal
            self._limits += 1
        wait = _grow(self._limits + LIMIT_HEAD_START) if asked is None else min(asked, LONGEST_PAUSE)
        self._resume_at = max(self._resume_at, now + wait)

    async def _wait_for_limit(self) -> None:
        await self._pause(0)
        while (wait := self._resume_at - time.monotonic()) > 0:
            await self._pause(wait + random.uniform(0, 0.1 * wait))  # not all at the same moment

    async def _pause(self, seconds: float) -> None:
        if seconds > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._hurried.wait(), seconds)
        if self._hurried.is_set():
            raise GivenUp

    async def _models(self) -> list[str]:
        async with asyncio.timeout(CHECK_SECONDS):
            page = await self._client.models.list()
        self._reached = True
        return sorted(str(model.id) for model in page.data or [])

    async def _no_model(self, error: openai.APIStatusError, model: str) -> ProposerError:
        try:
            offered = await self._models()
        except (openai.OpenAIError, TimeoutError, ValueError):
            offered = []
        if not offered:
            text = f"{self.url} has no model {model!r}, or is not the address of an API (does /v1 miss?): {said(error)}"
            return ProposerError(self._redact(text))
        shown = ", ".join(offered[:20]) + (f" and {len(offered) - 20} more" if len(offered) > 20 else "")
        return ProposerError(f"{self.url} has no model {model!r}; it offers {shown}")

    def _fatal(self, error: openai.APIStatusError) -> ProposerError:
        if out_of_funds(error):
            return ProposerError(self._redact(f"{self.url}: the account has no credit left: {said(error)}"))
        key = "refuses the key in OPENAI_API_KEY" if self._key else "wants a key: set OPENAI_API_KEY"
        return ProposerError(self._redact(f"{self.url} {key} (HTTP {error.status_code}: {said(error)})"))

    def _unreachable(self, error: openai.OpenAIError) -> ProposerError:
        cause = self._redact(one_line(str(error.__cause__ or error)))
        return ProposerError(f"cannot reach {self.url}: {cause}; is the server running, and --base-url right?")

    def _redact(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    def _completion(
        self, request: Request, model: str, answer: ChatCompletion, seconds: float, attempts: Sequence[Attempt]
    ) -> Completion:
        content = answer.choices[0].message.content
        reply = content if isinstance(content, str) else ""  # None: the model only reasoned, or refused
        usage = answer.usage
        sent, received = _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")
        estimated = not sent  # no prompt is empty
        if estimated:
            sent = sum(len(message.content) for message in request.messages) // CHARACTERS_PER_TOKEN
            received = len(reply) // CHARACTERS_PER_TOKEN
        cached = min(sent, _count(getattr(usage, "prompt_tokens_details", None), "cached_tokens"))
        return Completion(
            reply=reply,
            model=model,
            input_tokens=sent,
            output_tokens=received,
            cached_tokens=cached,
            estimated=estimated,
            cost=price(model, sent, received, cached, self._base_url),
            seconds=seconds,
            finish_reason=answer.choices[0].finish_reason,
            attempts=tuple(attempts),
        )


def _parts(url: str) -> Any:
    try:
        parts = urlsplit(url)
        port = parts.port  # raises for a bad one
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        shown = url.rpartition("@")[2]  # without a password
        raise ProposerError(f"--base-url {shown}: not a URL; expected something like http://localhost:8000/v1")
    return parts


def _grow(attempt: int) -> float:
    """Exponential back-off with full-range jitter above one half, so that calls spread."""
    return float(min(LONGEST_WAIT, FIRST_WAIT * 2 ** (attempt - 1)) * random.uniform(0.5, 1.5))


def _backoff(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, CallFailed) and error.status == 429:
        return 0.0  # held back with all others
    if isinstance(error, CallFailed) and error.wait is not None:
        return min(error.wait, LONGEST_PAUSE)
    return _grow(state.attempt_number)


def _holds_message(answer: ChatCompletion) -> bool:
    choices: object = answer.choices
    return isinstance(choices, list) and bool(choices) and getattr(choices[0], "message", None) is not None


def _encodable(text: str) -> str:
    """Programs may print lone surrogates, which no request can carry."""
    return text.encode("utf-8", "replace").decode()


def _count(usage: object, name: str) -> int:
    value = getattr(usage, name, None)
    return value if isinstance(value, int) and value > 0 else 0


PROPOSER = OpenAIProposer
