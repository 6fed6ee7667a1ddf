"""Assignments for programs that are more than a formula: a line to change, and a value to make it depend on."""

from __future__ import annotations

import ast
import random
from collections.abc import Sequence

from evolve.feedback.values import line
from evolve.syntax import constants

LONGEST = 90  # characters of a line that is quoted

STEPS = {
    "solve": (
        "Build two or three different answers, compute what each costs, and return the best.",
        "When the answer is complete, improve it: try small changes (move or swap one item) and keep those that help, "
        "with a bound on how many are tried.",
        "Build the answer step by step; at each step take what gains most for what it uses up.",
        "Decide the hardest or largest items first, the others in what is left.",
        "Sort by a ratio of two values rather than by one, and try both directions.",
        "At each step look one step ahead: prefer what leaves the most room for the rest.",
        "Group what belongs together first, then order the groups.",
    ),
    "decide": (
        "Let the answer depend on the share of the whole that is done, in early, middle and late cases.",
        "Keep a running mean of what was seen in a global variable, and act on how the present differs from it.",
        "Compare at least two possible answers by an estimate of what each leads to, and return the better one.",
    ),
}


def program_edit(
    operator: str, interface: str, inputs: Sequence[str], parents: Sequence[str], rng: random.Random
) -> str | None:
    """An assignment for an operator; None if it has none, or if nothing in the program is fit for it."""
    source = parents[-1] if parents else ""
    if operator == "mutate":
        return _mutate(interface, inputs, source, rng)
    if operator == "explore":
        names = rng.sample(list(inputs), min(2, len(inputs)))
        values = f"Make it depend on {' and '.join(f'`{name}`' for name in names)}. " if names else ""
        return values + rng.choice(STEPS.get(interface, STEPS["solve"][:2]))
    if operator == "combine" and len(parents) > 1:
        lines = _lines(parents[0], ast.If, ast.For, ast.Assign, ast.Return)
        return (
            f"Of Program 1, look at `{rng.choice(lines)}`; bring what it does into the last program." if lines else None
        )
    if operator == "simplify":
        lines = _lines(source, ast.If, ast.For, ast.While)
        return f"Try it without what begins with `{rng.choice(lines)}`." if lines else None
    if operator == "tune":
        numbers = _numbers(source)
        return f"Start with the constant in `{rng.choice(numbers)}`." if numbers else None
    return None


def known_way(inputs: Sequence[str], rng: random.Random) -> str:
    """An assignment that leads to what the statement names, with one change."""
    names = [f"`{name}`" for name in rng.sample(list(inputs), min(2, len(inputs)))]
    change = rng.choice(
        (
            f"let {names[0] if names else 'one more value'} count, too",
            f"break its ties by {names[-1] if names else 'another value'}",
            "give its parts weights, and choose them with care",
            "add a bound, or a case of its own, where it goes wrong",
        )
    )
    return f"Do what the task names as known to work best, in full; then change one thing: {change}."


def _mutate(interface: str, inputs: Sequence[str], source: str, rng: random.Random) -> str:
    value = f"`{rng.choice(list(inputs))}`" if inputs else "a value that it does not use yet"
    drawn = []
    if numbers := _numbers(source):
        drawn.append(f"In `{rng.choice(numbers)}`, replace the constant by an expression that depends on {value}.")
    if conditions := _lines(source, ast.If, ast.While):
        drawn.append(f"Refine `{rng.choice(conditions)}`: let the condition depend on {value}, too.")
    if orders := [
        text for text in _lines(source, ast.stmt) if any(w in text for w in ("sort", "min(", "max(", "key="))
    ]:
        drawn.append(f"Change what decides in `{rng.choice(orders)}`: let {value} count, too, or break ties by it.")
    drawn.append(f"Give the case that {value} tells (very large, very small, true) a branch of its own.")
    drawn.append(rng.choice(STEPS.get(interface, STEPS["solve"][:2])))
    return rng.choice(drawn)


def _numbers(source: str) -> list[str]:
    """Lines that hold a tunable constant."""
    try:
        numbers = {literal.line for literal in constants(source)}
    except SyntaxError:
        return []
    lines = source.splitlines()
    return [found for number in sorted(numbers) if (found := _quoted(lines, number))]


def _lines(source: str, *kinds: type[ast.AST]) -> list[str]:
    """First lines of the statements of some kinds."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    lines = source.splitlines()
    numbers = sorted({node.lineno for node in ast.walk(tree) if isinstance(node, ast.stmt) and isinstance(node, kinds)})
    return [found for number in numbers if (found := _quoted(lines, number))]


def _quoted(lines: Sequence[str], number: int) -> str:
    text = lines[number - 1].strip() if number <= len(lines) else ""
    return text if len(text) <= LONGEST and "`" not in text and line(text, LONGEST) == text else ""
