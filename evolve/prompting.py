"""Operators are Jinja2 templates with front matter in prompts/; a folder of the user's overrides any of them.

Front matter, TOML between two lines of `+++`: `parents` (how many it takes at least), `summary` (a line for people),
`strategy = false` for an operator that no strategy may ask for (repair).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, DictLoader, Environment, FileSystemLoader, StrictUndefined, TemplateError

from evaluators.problem import Problem
from evolve.records import Message

PACKAGE = Path(__file__).parent


class PromptError(Exception):
    """A template is not usable: one line that says which, where and why."""


@dataclass(frozen=True)
class Operator:
    """What a proposer can be asked to do."""

    name: str
    parents: int
    summary: str
    strategy: bool
    template: str
    path: Path


def shipped_prompts() -> Path:
    """The folder of templates that comes with the project, in a checkout or in an installed wheel."""
    checkout = PACKAGE.parent / "prompts"
    return checkout if checkout.is_dir() else PACKAGE / "_data" / "prompts"


class Prompts:
    """All operators, with the user's folders before the shipped one."""

    def __init__(self, folders: Sequence[Path] = ()) -> None:
        self.folders = [*folders, shipped_prompts()]
        self.operators: dict[str, Operator] = {}
        for folder in self.folders:
            for path in sorted(folder.glob("*.md.jinja")):
                if not path.name.startswith("_"):
                    operator = _operator(path)
                    self.operators.setdefault(operator.name, operator)
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

    def offered(self) -> dict[str, int]:
        """Operators that a strategy may ask for, with how many parents each takes at least."""
        return {name: operator.parents for name, operator in self.operators.items() if operator.strategy}

    def messages(self, operator: str, problem: Problem, context: Mapping[str, Any]) -> list[Message]:
        """The prompt: what all prompts of the problem share comes first, so that providers' prefix caches hit."""
        shared = {"problem": problem, "statement": problem.statement.strip(), "interface": problem.interface}
        return [
            Message("system", self._render("_system.md.jinja", shared)),
            Message("user", self._render(operator, {**shared, **context})),
        ]

    def follow_up(self, operator: str, context: Mapping[str, Any]) -> Message:
        """A further question in a conversation that has the problem's statement already."""
        return Message("user", self._render(operator, context))

    def _render(self, name: str, context: Mapping[str, Any]) -> str:
        try:
            return self._environment.get_template(name).render(context).strip() + "\n"
        except TemplateError as error:
            where = self.operators[name].path if name in self.operators else name
            raise PromptError(f"{where}: {type(error).__name__}: {error}") from None


def _operator(path: Path) -> Operator:
    text = path.read_text(encoding="utf-8")
    parts = text.split("+++\n", 2)
    if len(parts) != 3 or parts[0].strip():
        raise PromptError(f'{path}: front matter is missing; start with +++, parents = N, summary = "…", +++')
    try:
        matter = tomllib.loads(parts[1])
        return Operator(
            path.name.removesuffix(".md.jinja"),
            int(matter["parents"]),
            str(matter["summary"]),
            bool(matter.get("strategy", True)),
            parts[2],
            path,
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise PromptError(f"{path}: front matter: {type(error).__name__}: {error}") from None
