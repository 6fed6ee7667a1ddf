"""Operators are Jinja2 templates with front matter in prompts/; a folder of the user's overrides any of them.

Front matter, TOML between two lines of `+++`: `parents` (how many it takes at least), `summary` (a line for people),
`strategy = false` for a template that no strategy may ask for (repair, reflections), `weight` (how often strategies
that draw from the usual mix ask for it; 1 for an operator that is not shipped, and as `strategies/_mix.py` has it for
one that is), `reflect` (the template of a reflection: a question that the model is asked first, whose answer the
operator's own template has as `hint`).
"""

from __future__ import annotations

import math
import tomllib
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, DictLoader, Environment, FileSystemLoader, StrictUndefined, TemplateSyntaxError

from evaluators.problem import Problem
from evolve.feedback.cutting import fence
from evolve.feedback.values import figure
from evolve.records import Message

PACKAGE = Path(__file__).parent
WEIGHT = 1.0  # of an operator that is not shipped: that of "combine" when a run begins
SHARED = ("standings",)  # variables that are the same for all prompts of a run
ENDINGS = ("<template>", ".jinja")  # of what Jinja2 calls the file of a template


class PromptError(Exception):
    """A template is not usable: one line that says which, where and why."""


@dataclass(frozen=True)
class Operator:
    """What a proposer can be asked to do."""

    name: str
    parents: int
    summary: str
    strategy: bool
    reflect: str | None
    weight: float | None
    template: str
    path: Path
    above: int  # lines of the file before the template


def shipped_prompts() -> Path:
    """The folder of templates that comes with the project, in a checkout or in an installed wheel."""
    checkout = PACKAGE.parent / "prompts"
    return checkout if checkout.is_dir() else PACKAGE / "_data" / "prompts"


def prompt_folders(problem: Problem, own: Path | None) -> list[Path]:
    """Folders that override the shipped templates: the user's, then the problem's."""
    return [folder for folder in (own, Path(problem.folder) / "prompts") if folder and folder.is_dir()]


class Prompts:
    """All operators, with the user's folders before the shipped one."""

    def __init__(self, folders: Sequence[Path] = ()) -> None:
        self.folders = [*folders, shipped_prompts()]
        self.own = bool(folders)
        self.operators: dict[str, Operator] = {}
        for folder in self.folders:
            for path in sorted(folder.glob("*.md.jinja")):
                if not path.name.startswith("_"):
                    operator = _operator(path)
                    self.operators.setdefault(operator.name, operator)
        for operator in self.operators.values():
            if operator.reflect is not None and operator.reflect not in self.operators:
                raise PromptError(f"{operator.path}: reflect: there is no template {operator.reflect!r}")
        self.weights = self._weights()
        self._environment = Environment(
            loader=ChoiceLoader(
                [
                    DictLoader({name: operator.template for name, operator in self.operators.items()}),
                    FileSystemLoader([str(folder) for folder in self.folders]),
                ]
            ),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            autoescape=False,
        )
        self._environment.filters |= {"figure": figure, "fence": fence}

    def offered(self, among: Sequence[str] | None = None) -> dict[str, int]:
        """Operators that a strategy may ask for, with how many parents each takes at least; `among` those that a
        proposer can carry out, None for one that takes any."""
        offered = {name: operator.parents for name, operator in self.operators.items() if operator.strategy}
        return {name: parents for name, parents in offered.items() if among is None or name in among}

    def _weights(self) -> dict[str, float]:
        """Weights in the usual mix of operators that are not shipped, and of those whose template names one."""
        shipped = {path.name for path in self.folders[-1].glob("*.md.jinja")}
        given = {name: WEIGHT for name, operator in self.operators.items() if operator.path.name not in shipped}
        given |= {name: operator.weight for name, operator in self.operators.items() if operator.weight is not None}
        return {name: given[name] for name in self.offered() if name in given}

    def reflection(self, operator: str) -> str | None:
        """The template of the question that comes before the operator's own, if there is one."""
        return self.operators[operator].reflect if operator in self.operators else None

    def tells(self, operator: str, variable: str) -> bool:
        """Whether an operator's template speaks of a variable; what none speaks of need not be measured."""
        return variable in self.operators[operator].template

    def messages(
        self, operator: str, problem: Problem, context: Mapping[str, Any], program: bool = True
    ) -> list[Message]:
        """The prompt: what all prompts of a run share comes first, so that providers' prefix caches hit.

        program: whether a program is the answer.
        """
        shared = {"problem": problem, "statement": problem.statement.strip(), "interface": problem.interface}
        shared |= {name: context.get(name, ()) for name in SHARED}
        return [
            Message("system", self._render("_system.md.jinja", {**shared, "program": program})),
            Message("user", self._render(operator, {**shared, **context})),
        ]

    def follow_up(self, operator: str, context: Mapping[str, Any]) -> Message:
        """A further question in a conversation that has the problem's statement already."""
        return Message("user", self._render(operator, context))

    def _render(self, name: str, context: Mapping[str, Any]) -> str:
        try:
            return self._environment.get_template(name).render(context).strip() + "\n"
        except Exception as error:  # a template's expressions and filters can raise anything
            raise PromptError(f"{self._where(name, error)}: {type(error).__name__}: {error}") from None

    def _where(self, name: str, error: Exception) -> str:
        """The file and the line that an error is about; one of another template, if the mistake is in a shared one."""
        if isinstance(error, TemplateSyntaxError):
            file, line = error.filename or "<template>", error.lineno
        else:
            frames = [one for one in traceback.extract_tb(error.__traceback__) if one.filename.endswith(ENDINGS)]
            file, line = (frames[-1].filename, frames[-1].lineno or 0) if frames else ("<template>", 0)
        if name not in self.operators or file != "<template>":
            return f"{name if file == '<template>' else file}{f':{line}' * (line > 0)}"
        operator = self.operators[name]
        return f"{operator.path}{f':{line + operator.above}' * (line > 0)}"


def _operator(path: Path) -> Operator:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PromptError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    parts = text.split("+++\n", 2)
    if len(parts) != 3 or parts[0].strip():
        raise PromptError(f'{path}: front matter is missing; start with +++, parents = N, summary = "…", +++')
    try:
        matter = tomllib.loads(parts[1])
        return Operator(
            path.name.removesuffix(".md.jinja"),
            int(_least(matter, "parents")),
            str(matter["summary"]),
            bool(matter.get("strategy", True)),
            str(matter["reflect"]) if "reflect" in matter else None,
            _least(matter, "weight") if "weight" in matter else None,
            parts[2],
            path,
            text[: len(text) - len(parts[2])].count("\n"),
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise PromptError(f"{path}: front matter: {type(error).__name__}: {error}") from None


def _least(matter: Mapping[str, Any], key: str) -> float:
    number = float(matter[key])
    if not 0 <= number < math.inf:
        raise ValueError(f"{key} = {matter[key]!r}: at least 0")
    return number
