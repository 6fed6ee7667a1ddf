"""Writing programs down: a rule as one readable function, and a new first line for any program's docstring."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Sequence

from evolve.syntax.expression import Expression, name, terms, text
from evolve.syntax.tree import docstring, entry

WIDTH = 100  # characters of a line
SUMMARY = 160  # characters of a docstring's first line

_SAFE = ("number", "name", "+", "*", "max", "min", "abs", "<", "<=", "==", "!=", "and", "or", "not", "if")
_CALLED = {
    "/": "ratio",
    "max": "largest",
    "min": "smallest",
    "+": "total",
    "*": "product",
    "if": "choice",
    "abs": "size",
}


def render(rule: Expression, features: Sequence[str], summary: str) -> str:
    """A `priority` function that takes only the features it uses. Repeated and very long parts become locals."""
    taken = [feature for feature in features if feature in rule.names]
    lines: list[str] = []
    used = set(features) | {"math", "max", "min", "abs"}
    while (part := _part(rule)) is not None:
        base = _CALLED.get(part.op, "part")
        local = next(n for n in [base, *(f"{base}_{i}" for i in range(2, 99))] if n not in used)
        used.add(local)
        lines.append(f"    {local} = {text(part)}")
        rule = _substitute(rule, part, name(local))
    lines += _returned(rule)
    header = "import math\n\n\n" if any("math." in line for line in lines) else ""
    return f"{header}def priority({', '.join(taken)}):\n    {_quoted(summary)}\n" + "\n".join(lines) + "\n"


def _returned(rule: Expression) -> list[str]:
    written = f"    return {text(rule)}"
    if len(written) <= WIDTH or rule.op not in ("+", "max", "min"):
        return [written]
    if rule.op == "+":
        (sign, first), *rest = terms(rule.args)
        opening = ["    return (", f"        {'-' if sign == '-' else ''}{first}"]
        return [*opening, *(f"        {s} {term}" for s, term in rest), "    )"]
    return [f"    return {rule.op}(", *(f"        {text(arg)}," for arg in rule.args), "    )"]


def _part(rule: Expression) -> Expression | None:
    """What to give a name: the largest repeated part, or else one of a rule too long for a line."""
    inner = [node for path, node in rule.walk() if path and not node.condition and node.size >= 3 and _safe(node)]
    repeated = [node for node, times in Counter(inner).items() if times > 1 and len(text(node)) > 8]
    if repeated:
        return max(repeated, key=lambda node: (node.size, text(node)))
    if max(map(len, _returned(rule))) > WIDTH:
        fitting = [node for node in inner if 20 < len(text(node)) <= WIDTH - 20]
        return max(fitting, key=lambda node: (node.size, text(node)), default=None)
    return None


def _safe(node: Expression) -> bool:
    """Whether evaluating the part where it was not evaluated before (outside of a branch) cannot fail."""
    for _, inner in node.walk():
        if inner.op == "/":
            bottom = inner.args[1]
            if not (bottom.op == "max" and any(arg.op == "number" and arg.value > 0 for arg in bottom.args)):
                return bottom.op == "number"
        elif inner.op not in _SAFE:
            return False
    return True


def _substitute(rule: Expression, part: Expression, new: Expression) -> Expression:
    if rule == part:
        return new
    return Expression(rule.op, tuple(_substitute(arg, part, new) for arg in rule.args), rule.value, rule.name)


def _quoted(summary: str, rest: str = "") -> str:
    line = " ".join(summary.split()).rstrip(".")
    line = line if len(line) < SUMMARY else line[: SUMMARY - 2].rstrip() + "…"
    inner = f"{line}.{rest}".replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return f'"""{inner}"""' if not inner.endswith('"') else f'"""{inner[:-1]}\\""""'


def described(source: str, summary: str) -> str:
    """The program with `summary` as the first line of its entry function's docstring, the rest as it was."""
    tree = ast.parse(source)
    function = entry(tree)
    if function is None:
        return source
    lines = source.encode().splitlines(keepends=True)
    old = docstring(function)
    if old is not None and old.end_lineno and old.end_col_offset is not None:
        rest = str(old.value).partition("\n")
        quoted = _quoted(summary, rest[1] + rest[2]).encode()
        head, tail = lines[old.lineno - 1][: old.col_offset], lines[old.end_lineno - 1][old.end_col_offset :]
        lines[old.lineno - 1 : old.end_lineno] = [head + quoted + tail]
    else:
        first = function.body[0]
        if first.lineno == function.lineno or getattr(first, "decorator_list", []):
            function.body.insert(0, ast.Expr(ast.Constant(" ".join(summary.split()))))
            return ast.unparse(ast.fix_missing_locations(tree)) + "\n"
        line = lines[first.lineno - 1]
        indent = line[: len(line) - len(line.lstrip())]
        lines.insert(first.lineno - 1, indent + _quoted(summary).encode() + b"\n")
    return b"".join(lines).decode()
