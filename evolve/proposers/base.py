"""A proposer writes candidates: a language model, a person, or the built-in mutator."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self, runtime_checkable

from evaluators.protocol import Feature, Interface
from evolve.records import Completion, Message

if TYPE_CHECKING:
    from evolve.config import RunConfig


class ProposerError(Exception):
    """The proposer cannot work at all (wrong key, unknown model, nothing listens): one line that says what to do.

    Stops the run so that it can be resumed; a single failed call is a Completion with an error instead.
    """


class GivenUp(Exception):
    """Not asked, or not again, for the run is to end: the candidate stays in flight, and is asked for again under the
    same key when the run goes on."""


@dataclass(frozen=True)
class Request:
    """What a proposer is asked for.

    key: names this request for ever ("run/number/turn"), sent as the idempotency key. seed: for proposers that draw
    at random. parents: sources, best last. messages: the rendered prompt, the repair turns included; empty for a
    proposer that does not read prompts.
    """

    key: str
    operator: str
    interface: Interface
    features: Sequence[Feature]
    parents: Sequence[str]
    messages: Sequence[Message]
    model: str | None
    seed: str


class Proposer(Protocol):
    """One way to write candidates. `reads_prompts` is False for one that works on programs instead of text;
    `operators` lists what it can carry out (None: whatever has a template)."""

    name: str
    reads_prompts: bool
    operators: Sequence[str] | None

    async def propose(self, request: Request) -> Completion:
        """Answer one request. Failed attempts are in the completion; ProposerError is for what no retry can mend."""

    async def close(self) -> None:
        """Release connections."""


class Configured(Proposer, Protocol):
    """What a module in this folder names in PROPOSER: a proposer that a run's configuration makes."""

    @classmethod
    def from_config(cls, config: RunConfig, run: str) -> Self:
        """For a run, by its id. Raises ProposerError where it cannot work: a key that is missing, say."""


@runtime_checkable
class Checked(Protocol):
    """A proposer that can say before a run whether it could work."""

    async def check(self, models: Sequence[str] = ()) -> str:
        """One line on what is there; ProposerError if it cannot be used, or has not all of these models."""


@runtime_checkable
class Hurried(Protocol):
    """A proposer that may wait long before it asks (again) can be told that the run is to end."""

    def hurry(self) -> None:
        """Raise GivenUp from now on wherever `propose` would wait or ask; what is being answered may still end."""


def hurry(proposers: Iterable[Proposer]) -> None:
    """Tell all who can be told that the run is to end."""
    for proposer in proposers:
        if isinstance(proposer, Hurried):
            proposer.hurry()
