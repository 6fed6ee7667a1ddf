"""Strategies and proposers of other authors, asked with care: what they do wrong ends the run in one line, not in a
traceback, once what is in flight is recorded; after the mend the run goes on.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from evaluators.protocol import located
from evolve import plugins
from evolve.archive.schema import plain
from evolve.config import ConfigError, RunConfig
from evolve.proposers.base import Configured, GivenUp, Proposer, ProposerError, Request
from evolve.records import Candidate, Completion, Proposal
from evolve.strategies import base
from evolve.strategies.base import Strategy, View

Answer = TypeVar("Answer")


class StrategyError(Exception):
    """A strategy failed, or asked for what cannot be: one line that names it."""


def make_strategy(name: str) -> Guarded:
    """The strategy of that name. Raises UnknownPlugin and BrokenPlugin."""
    found = plugins.load("strategies", name, "STRATEGY", ("ask", "tell"))
    return Guarded(plugins.make("strategies", name, found, found), name)


def find_proposer(name: str) -> type[Configured]:
    """The class of the proposer of that name. Raises UnknownPlugin and BrokenPlugin."""
    found: type[Configured] = plugins.load("proposers", name, "PROPOSER", ("from_config", "propose", "close"))
    return found


def make_proposer(config: RunConfig, run: str) -> Proposer:
    """The proposer that the configuration names. Raises BrokenPlugin, and ProposerError where it cannot work."""
    name = config.proposer or "mutator"
    found = find_proposer(name)
    attributes = ("name", "reads_prompts", "operators")
    clear = (ProposerError, ConfigError)
    made: Proposer = plugins.make("proposers", name, found, lambda: found.from_config(config, run), attributes, clear)
    return made


class Guarded:
    """A strategy whose proposals are checked, and whose failures are StrategyErrors."""

    def __init__(self, strategy: Strategy, name: str) -> None:
        self._strategy, self._name = strategy, name
        self._programs: dict[str, bool] = {}  # candidates that it was told of, and whether they have a program

    @property
    def independent(self) -> bool:
        """Whether prompts are to tell nothing of the run's other candidates."""
        return bool(getattr(self._strategy, "independent", False))

    def ask(self, view: View, rng: random.Random) -> Proposal:
        """What the next candidate should be."""
        proposal = self._careful("ask", lambda: self._strategy.ask(view, rng))
        if (wrong := self._wrong(proposal, view)) is not None:
            raise self._error("ask", wrong)
        return proposal

    def tell(self, candidate: Candidate) -> None:
        """A life is over."""
        self._programs[candidate.id] = candidate.source is not None
        self._careful("tell", lambda: self._strategy.tell(candidate))

    def finalists(self) -> Sequence[str]:
        """Programs that are to be measured on validation at the end."""
        return self._careful("finalists", lambda: base.finalists(self._strategy))

    def _careful(self, method: str, call: Callable[[], Answer]) -> Answer:
        try:
            return call()
        except Exception as error:
            raise self._error(method, located(error)) from error

    def _error(self, method: str, wrong: str) -> StrategyError:
        return StrategyError(f"strategy {self._name}: {method}: {wrong}")

    def _wrong(self, proposal: object, view: View) -> str | None:
        """What is wrong with a proposal."""
        if not isinstance(proposal, Proposal):
            return f"it answered with {_kind(proposal)} instead of a Proposal"
        if proposal.operator not in view.operators:
            return f"there is no operator {proposal.operator!r}, but: {', '.join(sorted(view.operators))}"
        for role, ids in (("parents", proposal.parents), ("inspirations", proposal.inspirations)):
            if not isinstance(ids, tuple):
                return f"{role} is {_kind(ids)} instead of a tuple of candidates' ids"
            for one in ids:
                if one not in self._programs:
                    return f"{role}: there is no candidate {one!r} that it was told of"
                if not self._programs[one]:
                    return f"{role}: candidate {one} has no program"
        if len(proposal.parents) < (needed := view.operators[proposal.operator]):
            given = len(proposal.parents)
            return f"the operator {proposal.operator} takes {needed} parent{'s' * (needed > 1)}, and got {given}"
        if view.models and proposal.model not in view.models:
            return f"there is no model {proposal.model!r}, but: {', '.join(view.models)}"
        return _wrong_note(proposal.note)


async def ask_proposer(proposer: Proposer, request: Request) -> Completion:
    """A proposer's answer. Raises ProposerError for whatever else it raises, and for what is no answer; and GivenUp."""
    wrong, cause = None, None
    try:
        completion: object = await proposer.propose(request)
    except (GivenUp, ProposerError):
        raise
    except Exception as error:
        wrong, cause = located(error), error
    else:
        if isinstance(completion, Completion) and isinstance(completion.reply, str | None):
            return completion
        wrong = f"it answered with {_kind(completion)} instead of a Completion"
        if isinstance(completion, Completion):
            wrong = f"the reply is {_kind(completion.reply)} instead of a text or None"
    raise ProposerError(f"proposer {proposer.name}: propose: {wrong}") from cause


def _wrong_note(note: object) -> str | None:
    if not isinstance(note, Mapping):
        return f"note is {_kind(note)} instead of a dictionary"
    try:
        json.dumps(dict(note), default=plain)
    except (TypeError, ValueError, RecursionError) as error:
        return f"note: {error}"
    return None


def _kind(value: object) -> str:
    name = type(value).__name__
    return "None" if value is None else f"a{'n' * (name[0].lower() in 'aeiou')} {name}"
