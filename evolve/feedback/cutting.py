"""Long programs, cut to what a reader needs first: the entry function, and the signatures of the others."""

from __future__ import annotations

import ast
import re

from evolve.syntax.tree import deep, entry

LONGEST_LINE = 300  # characters; a longer line is left out as a whole


def to_entry(source: str) -> str:
    """Imports and short constants, the entry function, and signatures with docstrings' first lines for the rest; the
    source itself where it cannot be read."""
    try:
        tree = ast.parse(source)
        main = None if deep(tree) else entry(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return source
    if main is None:
        return source
    lines = source.splitlines()
    kept: list[str] = []
    for node in tree.body:
        text = lines[node.lineno - 1 : node.end_lineno]
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node is not main:
            first = node.body[0].lineno if node.body[0].lineno > node.lineno else node.lineno + 1
            head = lines[node.lineno - 1 : first - 1]
            kept += ["", *head, "    ...  # left out here"]
        elif node is main:
            kept += ["", *text]
        elif len(text) == 1:
            kept += text
    return "\n".join(kept).strip() + "\n"


def to_length(source: str, characters: int) -> str:
    """The source, or where it is too long as many whole lines from the beginning as fit."""
    if len(source) <= characters:
        return source
    kept: list[str] = []
    left = characters
    lines = source.splitlines()
    for place, text in enumerate(lines):
        if len(text) > LONGEST_LINE:
            text = f"# a line of {len(text)} characters is left out here"
        left -= len(text) + 1
        if left < 60:
            kept.append(f"# {len(lines) - place} more lines are left out here")
            break
        kept.append(text)
    return "\n".join(kept) + "\n"


def fence(source: str) -> str:
    """Back-ticks that enclose the source whatever it holds."""
    longest = max(map(len, re.findall("`+", source)), default=0)
    return "`" * max(3, longest + 1)
