"""From a model's reply to a program: a full program in a code block, or SEARCH/REPLACE blocks against a parent."""

from __future__ import annotations

import ast
import re

_FENCE = re.compile(r"^[ \t]*(```+|~~~+)[ \t]*([\w+-]*)[^\n]*\n(.*?)(?:^[ \t]*\1[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
_EDIT = re.compile(r"^<{5,9} ?SEARCH[ \t]*\n(.*?)^={5,9}[ \t]*\n(.*?)^>{5,9} ?REPLACE[ \t]*$", re.DOTALL | re.MULTILINE)


HINT_WORDS = 60  # of a reflection; it is asked for less


class Unparsed(Exception):
    """The reply holds no program; the text says what was missing, for the repair turn."""


def program_of(reply: str, parent: str | None, functions: list[str]) -> str:
    """The program that a reply proposes. Raises Unparsed.

    SEARCH/REPLACE blocks apply to `parent`. Otherwise the last code block that defines one of `functions` counts, or
    else the last block, or else the whole reply if it is Python.
    """
    if edits := _EDIT.findall(reply):
        if parent is None:
            raise Unparsed("the reply has SEARCH/REPLACE blocks, but there is no program to apply them to")
        return apply_edits(parent, edits)
    blocks = [
        block for _, language, block in _FENCE.findall(reply) if language.lower() in ("", "python", "py", "python3")
    ]
    defining = [block for block in blocks if any(re.search(rf"^\s*def {name}\(", block, re.M) for name in functions)]
    for block in reversed(defining or blocks):
        return _dedent(block)
    if not reply.strip():
        raise Unparsed("the reply is empty")
    if any(re.search(rf"^def {name}\(", reply, re.M) for name in functions):
        return _from_first_statement(reply)
    raise Unparsed("the reply holds no code block; answer with one block that starts with ```python")


def hint_of(reply: str | None) -> str | None:
    """The text of a reflection in one line, without programs, and no longer than a hint should be."""
    words = _FENCE.sub("", reply or "").split()
    return " ".join(words[:HINT_WORDS]) or None


def apply_edits(parent: str, edits: list[tuple[str, str]]) -> str:
    """Apply (search, replace) pairs in order. Each search text must occur; white space at line ends is ignored."""
    program = parent
    for search, replace in edits:
        if not search.strip():
            raise Unparsed("a SEARCH block is empty")
        lines = [line.rstrip() for line in program.splitlines()]
        wanted = [line.rstrip() for line in search.splitlines()]
        place = next((i for i in range(len(lines) - len(wanted) + 1) if lines[i : i + len(wanted)] == wanted), None)
        if place is None:
            raise Unparsed(f"this SEARCH text is not in the program: {search.strip().splitlines()[0]!r}")
        lines[place : place + len(wanted)] = [line.rstrip() for line in replace.splitlines()]
        program = "\n".join(lines) + "\n"
    if program.strip() == parent.strip():
        raise Unparsed("the edits change nothing")
    return program


def thought_of(source: str | None) -> str | None:
    """The idea of a program in a line: the first line of its entry function's or module's docstring."""
    try:
        tree = ast.parse(source or "")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    nodes: list[ast.Module | ast.FunctionDef] = [tree, *[n for n in tree.body if isinstance(n, ast.FunctionDef)]]
    for node in nodes:
        if text := ast.get_docstring(node):
            return text.strip().splitlines()[0][:200]
    return None


def _dedent(block: str) -> str:
    lines = block.expandtabs(4).rstrip().splitlines()
    margins = [len(line) - len(line.lstrip()) for line in lines if line.strip()]
    margin = min(margins, default=0)
    return "\n".join(line[margin:].rstrip() for line in lines) + "\n"


def _from_first_statement(reply: str) -> str:
    """A reply without fences: from the first line that looks like code on."""
    lines = reply.splitlines()
    start = next(i for i, line in enumerate(lines) if re.match(r"(def |import |from |@|[A-Z_]+ *=)", line))
    return "\n".join(lines[start:]).rstrip() + "\n"
