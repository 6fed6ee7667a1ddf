"""Templates rehearsed before a run relies on them: each is rendered with made-up programs, told little and told all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from evaluators.problem import Problem
from evolve.feedback import failures
from evolve.feedback.failures import Failures
from evolve.feedback.fitting import Brief
from evolve.feedback.parents import ClassFigures, Shown
from evolve.feedback.parts import Part
from evolve.prompting import Prompts

REPAIR = "repair"
STANDINGS = [("edd", 45.6), ("mdd", 12.3)]


def rehearse(prompts: Prompts, problem: Problem) -> None:
    """Render every template, unless all are shipped ones. Raises PromptError for the first that cannot be."""
    if not prompts.own:
        return
    for context in _repairs():
        prompts.follow_up(REPAIR, context)
    for name, operator in prompts.operators.items():
        if name != REPAIR:
            for context in _contexts(operator.parents, problem.initial):
                prompts.messages(name, problem, {**context, "standings": STANDINGS})


def _contexts(parents: int, source: str) -> Iterator[Mapping[str, Any]]:
    """What an operator with that many parents is told: the least, and all that there is."""
    plain = Shown(source, 12.3)
    yield Brief([plain] * parents).context()
    classes = [ClassFigures("tight", 20.0, 8.0, "edd", 3), ClassFigures("loose", 4.6, 0.5, "edd", 3)]
    full = Shown(source, 12.3, classes, "it failed", "An idea.", size=7, seconds=1.0, share=0.9)
    brief = Brief(
        [full] * (parents + 1),
        [full, plain],
        failures=Failures(["no code block"], ["p is 0 in `d / p`"]),
        parts=[Part("d - p", 3, 0, 1.0)],
        plan="A goal.",
        assignment="Do this.",
        hint="A hint.",
        hints=["One.", "Two."],
    )
    yield {**brief.context(), "worst": ["- An instance."], "rivals": ["edd"], "hot": "line 3", "edits": True}


def _repairs() -> Iterator[Mapping[str, Any]]:
    said = {"kind": failures.kind_line("crash"), "message": "It went wrong."}
    yield {**said, "advice": "", "printed": "", "hot": ""}
    yield {**said, "advice": "Do this.", "printed": "a line", "hot": "line 3"}
