"""Keeping a prompt within its budget of tokens: what is least useful is left out first.

A model with a context of 8,000 tokens must be able to answer twice: the first prompt leaves room for a reply, the
repair's question and a second reply.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from evolve.feedback.cutting import to_entry, to_length
from evolve.feedback.failures import Failures
from evolve.feedback.hotlines import HotLine
from evolve.feedback.parents import Shown
from evolve.feedback.parts import Part
from evolve.feedback.worst import Case, case_lines
from evolve.records import Message

CHARACTERS = 4  # a token, the usual estimate
CONTEXT, REPLY, REPAIR = 8_000, 1_500, 500  # tokens
PROMPT = CONTEXT - 2 * REPLY - REPAIR  # of the first turn
LEAST = 1_500  # tokens that the operator's message may have, however long the statement is
LONG_PROGRAM = 60  # lines; from here on a model is asked for edits instead of the whole program


@dataclass(frozen=True)
class Brief:
    """What a prompt is made of, besides what all prompts of a run share."""

    parents: Sequence[Shown] = ()
    inspirations: Sequence[Shown] = ()
    cases: Sequence[Case] = ()
    hot: Sequence[HotLine] = ()
    failures: Failures = field(default_factory=Failures)
    parts: Sequence[Part] = ()
    plan: str | None = None
    assignment: str | None = None
    hint: str | None = None  # the answer to a reflection
    hints: Sequence[str] = ()  # what a reflection is to merge

    def context(self) -> Mapping[str, Any]:
        """The variables of an operator's template."""
        return {
            "parents": self.parents,
            "inspirations": self.inspirations,
            "worst": [line for case in self.cases for line in case_lines(case)],
            "rivals": list(dict.fromkeys(case.rival for case in self.cases)),
            "hot": ", ".join(map(str, self.hot)),
            "recent_failures": self.failures,
            "parts": self.parts,
            "plan": self.plan,
            "assignment": self.assignment,
            "hint": self.hint,
            "hints": self.hints,
            "edits": bool(self.parents) and self.parents[-1].source.count("\n") > LONG_PROGRAM,
        }


def fit(render: Callable[[Brief], list[Message]], brief: Brief) -> list[Message]:
    """The prompt, with as much left out as the budget asks."""
    messages = render(brief)
    for smaller in _smaller(brief):
        if fits(messages):
            return messages
        messages = render(smaller)
    if not fits(messages):  # a template of the user's own that is long by itself
        room = max(LEAST * CHARACTERS, PROMPT * CHARACTERS - len(messages[0].content))
        messages = [messages[0], *(replace(m, content=to_length(m.content, room)) for m in messages[1:])]
    return messages


def fits(messages: Sequence[Message]) -> bool:
    """Whether the first turn is within the budget. A statement is never cut: it may be longer than all of it."""
    shared, own = len(messages[0].content), sum(len(message.content) for message in messages[1:])
    return shared + own <= PROMPT * CHARACTERS or own <= LEAST * CHARACTERS


def _smaller(brief: Brief) -> Iterator[Brief]:
    """The brief with less and less in it, the least useful left out first."""
    for leave_out in (
        _second_case,
        _parts,
        _most_failures,
        _bodies_of_examples,
        _worse_example,
        _cases,
        _examples,
        _failures,
        _bodies_of_other_parents,
        _body_of_parent,
    ):
        brief = leave_out(brief)
        yield brief
    for characters in (6_000, 3_000, 1_500, 800):
        yield replace(brief, parents=[_cut(one, characters) for one in brief.parents])


def _second_case(brief: Brief) -> Brief:
    return replace(brief, cases=brief.cases[:1])


def _parts(brief: Brief) -> Brief:
    return replace(brief, parts=())


def _most_failures(brief: Brief) -> Brief:
    return replace(brief, failures=Failures(brief.failures.protocol[:1], brief.failures.algorithmic[:1]))


def _bodies_of_examples(brief: Brief) -> Brief:
    return replace(brief, inspirations=[_to_entry(one) for one in brief.inspirations])


def _worse_example(brief: Brief) -> Brief:
    return replace(brief, inspirations=brief.inspirations[-1:])


def _cases(brief: Brief) -> Brief:
    return replace(brief, cases=())


def _examples(brief: Brief) -> Brief:
    return replace(brief, inspirations=())


def _failures(brief: Brief) -> Brief:
    return replace(brief, failures=Failures())


def _bodies_of_other_parents(brief: Brief) -> Brief:
    return replace(brief, parents=[*map(_to_entry, brief.parents[:-1]), *brief.parents[-1:]])


def _body_of_parent(brief: Brief) -> Brief:
    return replace(brief, parents=[_to_entry(one) for one in brief.parents])


def _to_entry(program: Shown) -> Shown:
    return replace(program, source=to_entry(program.source))


def _cut(program: Shown, characters: int) -> Shown:
    return replace(program, source=to_length(program.source, characters))
