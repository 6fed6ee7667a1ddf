"""What a problem's statement says of a program's inputs, in its tables, and of what is known to work."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from evaluators.protocol import Feature

_ROW = re.compile(r"^\|((?:[^|`\n]|`[^`\n]*`)*)\|((?:[^|`\n]|`[^`\n]*`)*)", re.MULTILINE)
_MARKS = re.compile(r"`|\*\*")
_CODE = re.compile(r"`([^`\n]+)`")
_NAME = re.compile(r"`(?:\w+\[\")?([A-Za-z_]\w*)(?:\"\])?`")


def meanings_of(statement: str) -> dict[str, str]:
    """By the names in the first columns of its tables, in their order: what the second column says."""
    meanings: dict[str, str] = {}
    for cell, meaning in _ROW.findall(statement):
        for name in _NAME.findall(cell):
            meanings.setdefault(name, _MARKS.sub("", meaning).strip())
    return meanings


def known_to_work(statement: str) -> str:
    """The paragraphs from "What is known to work" on, up to the rules for an answer; empty if there are none."""
    _, found, rest = statement.partition("known to work")
    return re.split(r"^Rules:", rest, maxsplit=1, flags=re.MULTILINE)[0] if found else ""


def known_formulas(statement: str, features: Sequence[Feature]) -> dict[str, int]:
    """The formulas that are named there, and how many features each has; one of them at least differs from item to
    item."""
    names_of_features = {feature.name for feature in features}
    columns = {feature.name for feature in features if not feature.scalar}
    found = {}
    for text in _CODE.findall(known_to_work(statement)):
        try:
            nodes = list(ast.walk(ast.parse(text, mode="eval")))
        except (SyntaxError, ValueError):
            continue
        names = {node.id for node in nodes if isinstance(node, ast.Name)} - {"max", "min", "abs"}
        if names <= names_of_features and not names.isdisjoint(columns):
            found[text] = len(names)
    return found
