"""Requests, and the sequences that an engine makes of them."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from evaluators.serving.engine import Engine


class Segment(NamedTuple):
    """A piece of a prompt that other prompts may start with as well: equal keys are equal tokens."""

    key: Hashable
    tokens: int


@dataclass(frozen=True)
class Request:
    """arrival in ms; `prompt` and `output` in tokens, both at least 1; `prompt` includes the prefix.

    prefix: what the prompt starts with, from the front, where the prefix cache may have it.
    keep: the key under which all that follows the prefix, output included but for its last token, stays in the cache
    when the request ends (the next turn of a conversation names it in its prefix); None to forget it.
    about: whatever the problem wants to know of it.
    """

    id: int
    arrival: float
    prompt: int
    output: int
    prefix: tuple[Segment, ...] = ()
    keep: Hashable = None
    about: Any = None


@dataclass(eq=False)
class Sequence:
    """A request under way. Times are ms. Engines change it; others read it.

    target: tokens to prefill before the next token comes out: the prompt, and what was generated before a preemption.
    prefilled: how many of them are done. held: tokens of the KV cache that it alone has. hit: tokens that the prefix
    cache had when it was admitted last. admitted, first_token, finished: when, None until then.
    """

    request: Request
    target: int
    prefilled: int = 0
    held: int = 0
    hit: int = 0
    admitted: float | None = None
    first_token: float | None = None
    finished: float | None = None
    preemptions: int = 0
    path: tuple[Segment, ...] = ()  # of the prefix cache, what it uses
    engine: Engine | None = None  # where it decodes now
    _generated: int = 0
    _last: float = 0.0
    _joined: int = 0  # the engine's count of decode iterations when it began to decode there
    _stamps: list[float | tuple[Engine, int, int]] = field(default_factory=list)

    @property
    def generated(self) -> int:
        """Tokens of output so far."""
        return self._generated + (self.engine.count - self._joined if self.engine else 0)

    @property
    def last_token(self) -> float:
        """When its last token came out, ms."""
        if self.engine and self.engine.count > self._joined:
            return self.engine.last_emission
        return self._last

    @property
    def context(self) -> int:
        """Tokens that attention reads for it: those whose keys and values are in the cache."""
        return self.request.prompt + self.generated - 1 if self.engine else self.prefilled

    @property
    def left(self) -> int:
        """Tokens that are still to be prefilled."""
        return self.target - self.prefilled

    def token_times(self) -> list[float]:
        """When each token of the output came out, ms: for drawings and tests, as it takes time to put together."""
        return [time for stamp in self._all_stamps() for time in _times(stamp)]

    def _all_stamps(self) -> Iterator[float | tuple[Engine, int, int]]:
        yield from self._stamps
        if self.engine:
            yield self.engine, self._joined, self.engine.count


def _times(stamp: float | tuple[Engine, int, int]) -> list[float]:
    if isinstance(stamp, float):
        return [stamp]
    engine, start, end = stamp
    return engine.emissions(start, end)
