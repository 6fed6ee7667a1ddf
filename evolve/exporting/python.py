"""One Python file that depends on nothing of ours: what the rule is for, its figures, an example, and the rule."""

from __future__ import annotations

import ast
import doctest
import sys
import textwrap

from evaluators.problem import Problem
from evolve.cards import Card, Mean, budget_of, found_by, standings
from evolve.checking import signature
from evolve.exporting._doctest import doctest_of
from evolve.exporting._text import one_line, printable
from evolve.exporting.base import ExportError, Format, Subject

LICENCE = "Apache-2.0"
WIDTH = 100
LINEAGE = 6  # programs of a line of descent that are named
HEAD_LINES = 40  # a longer example stands at the end of the file
NO_EXAMPLE = "the program fails, answers otherwise when it is asked again, or is run as a whole."
PROMPT, NO_PROMPT = ">>> ", "> > > "


def write(subject: Subject) -> str:
    """The file. Raises ExportError for a program that does not parse."""
    try:
        note, body = without_docstring(subject.source)
        tree = ast.parse(body)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ExportError(f"candidate {subject.candidate.id} is no Python: {error}") from None
    needs = foreign_modules(tree)
    example = subject.example()
    lines = doctest_of(example, _by_position(tree, example.function), "numpy" in needs) if example else None
    about = f"The first question of a train instance ({example.group})" if example else ""
    if example and example.eligible > example.rows:
        about += f", {example.rows} of {example.eligible} items"
    short = lines is not None and len(lines) <= HEAD_LINES

    parts = [f"{one_line(subject.problem.spec.title)}: a heuristic found by evolve."]
    parts += [_filled(f"Needs {', '.join(needs)}.") if needs else "Needs nothing but Python's standard library."]
    if note or subject.candidate.thought:
        parts.append(
            "In its author's words:\n\n" + textwrap.indent(_calm(note or subject.candidate.thought or ""), "    ")
        )
    parts += [_interface(subject.problem), _figures(subject)]
    if lines is not None:
        where = ":\n\n" + textwrap.indent("\n".join(lines), "    ") if short else " is at the end of this file."
        parts.append(about + (", and what the rule says" if short else "") + where)
    else:
        parts.append("No example: " + ("its question is too long to read." if example else NO_EXAMPLE))
    parts += [_provenance(subject.card), f"Licence: {LICENCE} (https://www.apache.org/licenses/LICENSE-2.0)."]
    if subject.problem.interface in ("decide", "solve"):
        parts.append("What its author was told:\n\n" + textwrap.indent(_calm(subject.problem.statement), "    "))

    text = f"# SPDX-License-Identifier: {LICENCE}\n" + _docstring("\n\n".join(parts)) + "\n\n" + body.strip("\n") + "\n"
    if lines is not None and not short:
        text += f"\n\n# {about}, and what the rule says: python -m doctest FILE\n"
        text += '__test__ = {"example": ' + _docstring("\n".join(lines)) + "}\n"
    compile(text, "exported.py", "exec", dont_inherit=True)
    return text


FORMAT = Format(".py", write)


def without_docstring(source: str) -> tuple[str | None, str]:
    """A program's module docstring, and the program without it, in which no docstring is a doctest: what a program's
    author claims there need not be so. The text stays as it is elsewhere, where that can be."""
    tree = ast.parse(source)
    note = ast.get_docstring(tree)
    edits: list[tuple[ast.Constant, str]] = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        first = node.body[0] if node.body else None
        if not (isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)):
            continue
        constant, value = first.value, first.value.value
        if not isinstance(value, str):
            continue
        segment = ast.get_source_segment(source, constant) or ""
        if isinstance(node, ast.Module):
            edits.append((constant, ""))
            node.body = node.body[1:]
        elif doctest.DocTestParser().get_examples(value):
            edits.append((constant, segment.replace(PROMPT.strip(), NO_PROMPT.strip())))
            constant.value = value.replace(PROMPT.strip(), NO_PROMPT.strip())
    edited = _replaced(source, edits)
    try:
        same = ast.dump(ast.parse(edited)) == ast.dump(tree)
    except SyntaxError:
        same = False
    return note, edited if same else ast.unparse(tree)


def _replaced(source: str, edits: list[tuple[ast.Constant, str]]) -> str:
    """The source with constants replaced; positions of the syntax tree count in bytes of UTF-8."""
    text = source.encode()
    starts = [0]
    for line in text.splitlines(keepends=True) if b"\r" not in text and b"\f" not in text else ():
        starts.append(starts[-1] + len(line))
    if len(starts) == 1:  # lines are not what they seem: the caller sees that nothing was replaced
        return source
    for constant, new in sorted(edits, key=lambda edit: -edit[0].lineno):
        start = starts[constant.lineno - 1] + constant.col_offset
        end = starts[(constant.end_lineno or 0) - 1] + (constant.end_col_offset or 0)
        text = text[:start] + new.encode() + text[end:]
    return text.decode()


def foreign_modules(tree: ast.Module) -> list[str]:
    """What a program imports that is not in Python's standard library."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return sorted(found - sys.stdlib_module_names)


def _by_position(tree: ast.Module, function: str) -> bool:
    return any(isinstance(n, ast.FunctionDef) and n.name == function and n.args.posonlyargs for n in tree.body)


def _docstring(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return f'"""{escaped}\n"""'


def _calm(text: str) -> str:
    """Text of others, which is no doctest, nor anything that does not print."""
    return printable(text.replace("\t", "    ").strip()).replace(PROMPT.strip(), NO_PROMPT.strip())


def _filled(text: str) -> str:
    return textwrap.fill(one_line(text), WIDTH)


def _interface(problem: Problem) -> str:
    """What the function receives and returns."""
    line = f"Interface: {(signature(problem) or problem.interface).removeprefix('def ')}."
    if problem.interface == "program":
        return line + " The whole program is run."
    if problem.interface != "priority":
        return line + " What it receives and returns is told below."
    features = problem.evaluator.features
    width = max((len(feature.name) for feature in features), default=0)
    rows = [
        f"    {feature.name:<{width}}  {one_line(feature.description)}" + (" (the same for all items)" * feature.scalar)
        for feature in features
    ]
    return line + " The item with the smallest value goes first.\n\n" + "\n".join(rows)


def _figures(subject: Subject) -> str:
    scored = " The program scored itself: its figures can be forged." if subject.card["self_scored"] else ""
    lines = [
        _filled(f"Mean gap [95 % bootstrap interval] over n instances; gap: {subject.card['scale']}; lower is better."),
        *([scored.strip()] if scored else []),
        "",
    ]
    cells = [("split", "n", "this rule", "best baseline", "rule of the paper")]
    for one in standings(subject.card):
        others = ["" if other is None else f"{one_line(other[0])} {_mean(other[1])}" for other in (one.best, one.paper)]
        cells.append((one.split, str(one.mine.instances), _mean(one.mine), others[0], others[1]))
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        lines.append("    " + "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
    missing = [split for split in subject.problem.splits if split not in subject.card["figures"]]
    return "\n".join(lines + ([f"\nNot measured on {', '.join(missing)}."] if missing else []))


def _mean(mean: Mean) -> str:
    low, high = mean.interval
    return f"{mean.gap:.4g} [{low:.4g}, {high:.4g}]"


def _provenance(card: Card) -> str:
    made = card["provenance"]
    line = made["lineage"]
    shown = line if len(line) <= LINEAGE else [line[0], None, *line[1 - LINEAGE :]]
    lineage = " > ".join("…" if one is None else f"{one['candidate']} ({one['operator']})" for one in shown)
    return _filled(
        f"Provenance: candidate {card['program'].removesuffix('.py')}, written by {found_by(card)}, operator "
        f"{made['operator']}; run {made['run']}, seed {made['seed']}, strategy {made['strategy']}, budget "
        f"{budget_of(card)}, evolve {made['evolve']}. Lineage: {lineage}."
    )
