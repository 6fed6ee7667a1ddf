"""A Python program as pseudocode for algpseudocode, from its syntax tree.

Statements become its commands and arithmetic mathematics. What is neither stands as code in a typewriter face, so that
nothing of a program is lost.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from evolve.exporting._tex import code, text

# How closely operators bind, the loosest first; what binds less closely than its place asks for gets brackets.
IF, OR, AND, NOT, COMPARE, SUM, PRODUCT, FACTOR, ATOM = range(9)
BINARY: dict[type[ast.operator], tuple[str, int]] = {
    ast.Add: ("+", SUM), ast.Sub: ("-", SUM), ast.Mult: (r"\cdot", PRODUCT), ast.Mod: (r"\bmod", PRODUCT),
}  # fmt: skip
COMPARED: dict[type[ast.cmpop], str] = {
    ast.Eq: "=", ast.NotEq: r"\ne", ast.Lt: "<", ast.LtE: r"\le", ast.Gt: ">", ast.GtE: r"\ge", ast.In: r"\in",
    ast.NotIn: r"\notin", ast.Is: "=", ast.IsNot: r"\ne",
}  # fmt: skip
NAMED = {"min", "max", "exp", "log", "sin", "cos", "tan", "tanh"}


def pseudocode(source: str) -> str:
    """The lines between \\begin{algorithmic} and its end. Raises SyntaxError."""
    tree = ast.parse(source)
    return "\n".join(_block([node for node in tree.body if not isinstance(node, ast.Import | ast.ImportFrom)]))


def _block(body: Sequence[ast.stmt]) -> list[str]:
    lines = [line for node in body if not _is_docstring(node) for line in _statement(node)]
    return lines or [r"\State \textbf{pass}"]


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _statement(node: ast.stmt) -> list[str]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            arguments = text(ast.unparse(node.args))
            return [rf"\Function{{{text(node.name)}}}{{{arguments}}}", *_block(node.body), r"\EndFunction"]
        case ast.Return():
            return [r"\State \Return" + (f" {_inline(node.value)}" if node.value else "")]
        case ast.Assign(targets=[target]):
            return [rf"\State {_inline(target)} $\gets$ {_inline(node.value)}"]
        case ast.AnnAssign(value=ast.expr() as value):
            return [rf"\State {_inline(node.target)} $\gets$ {_inline(value)}"]
        case ast.AugAssign():
            changed = ast.BinOp(ast.parse(ast.unparse(node.target), mode="eval").body, node.op, node.value)
            return [rf"\State {_inline(node.target)} $\gets$ {_inline(changed)}"]
        case ast.If():
            return [*_branches(node), r"\EndIf"]
        case ast.For() | ast.AsyncFor():
            head = rf"\For{{{_inline(node.target)} $\in$ {_inline(node.iter)}}}"
            return [head, *_block(node.body), r"\EndFor", *_otherwise(node.orelse)]
        case ast.While():
            return [rf"\While{{{_inline(node.test)}}}", *_block(node.body), r"\EndWhile", *_otherwise(node.orelse)]
        case ast.Pass() | ast.Break() | ast.Continue():
            return [rf"\State \textbf{{{ast.unparse(node)}}}"]
        case ast.Expr():
            return [rf"\State {_inline(node.value)}"]
    return _verbatim(node)


def _branches(node: ast.If) -> list[str]:
    lines = [rf"\If{{{_inline(node.test)}}}", *_block(node.body)]
    rest = node.orelse
    while len(rest) == 1 and isinstance(rest[0], ast.If):
        lines += [rf"\ElsIf{{{_inline(rest[0].test)}}}", *_block(rest[0].body)]
        rest = rest[0].orelse
    return lines + ([r"\Else", *_block(rest)] if rest else [])


def _otherwise(body: Sequence[ast.stmt]) -> list[str]:
    """What a loop does that no break ended."""
    return [r"\If{the loop was not broken off}", *_block(body), r"\EndIf"] if body else []


def _verbatim(node: ast.stmt) -> list[str]:
    """Statements without a form of their own (try, with, class, …) line by line, as code."""
    lines = []
    for line in ast.unparse(node).splitlines():
        depth = (len(line) - len(line.lstrip())) // 4
        lines.append(r"\State " + r"\hspace*{\algorithmicindent}" * depth + code(line.strip()))
    return lines


def _inline(node: ast.expr) -> str:
    """An expression within text."""
    return f"${_math(node)}$"


def _math(node: ast.expr, place: int = IF) -> str:
    """An expression in mathematics; place: how closely it must bind to need no brackets."""
    made, level = _made(node)
    return rf"\left({made}\right)" if level < place else made


def _made(node: ast.expr) -> tuple[str, int]:
    """An expression, and how closely its outermost operator binds."""
    match node:
        case ast.BinOp(op=ast.Div()):
            return rf"\frac{{{_math(node.left)}}}{{{_math(node.right)}}}", PRODUCT
        case ast.BinOp(op=ast.FloorDiv()):
            return rf"\left\lfloor \frac{{{_math(node.left)}}}{{{_math(node.right)}}} \right\rfloor", ATOM
        case ast.BinOp(op=ast.Pow()):
            return rf"{{{_math(node.left, ATOM)}}}^{{{_math(node.right)}}}", FACTOR
        case ast.BinOp() if type(node.op) in BINARY:
            sign, level = BINARY[type(node.op)]
            return f"{_math(node.left, level)} {sign} {_math(node.right, level + 1)}", level
        case ast.UnaryOp(op=ast.USub() | ast.UAdd()):
            return ("-" if isinstance(node.op, ast.USub) else "+") + _math(node.operand, PRODUCT), SUM
        case ast.UnaryOp(op=ast.Not()):
            return rf"\lnot {_math(node.operand, SUM)}", NOT
        case ast.BoolOp():
            sign, level = (r" \land ", AND) if isinstance(node.op, ast.And) else (r" \lor ", OR)
            return sign.join(_math(value, level + 1) for value in node.values), level
        case ast.Compare():
            parts = [_math(node.left, SUM)]
            for operation, right in zip(node.ops, node.comparators, strict=True):
                parts += [COMPARED[type(operation)], _math(right, SUM)]
            return " ".join(parts), COMPARE
        case ast.IfExp():
            body, test, other = _math(node.body, OR), _math(node.test, OR), _math(node.orelse)
            return rf"{body} \text{{ if }} {test} \text{{ else }} {other}", IF
        case ast.Name():
            return _name(node.id), ATOM
        case ast.Constant(value=bool() | int() | float() as value):
            return _number(value)
        case ast.Call(keywords=[]) if not any(isinstance(one, ast.Starred) for one in node.args):
            return _call(node), ATOM
        case ast.Subscript(slice=ast.Name() | ast.Constant() | ast.BinOp()):
            return rf"{_math(node.value, ATOM)}[{_math(node.slice)}]", ATOM
        case ast.Tuple(elts=[_, *_]) if not any(isinstance(one, ast.Starred) for one in node.elts):
            return rf"\left({_listed(node.elts)}\right)", ATOM
    return rf"\text{{{code(ast.unparse(node))}}}", ATOM


def _listed(nodes: Sequence[ast.expr]) -> str:
    return ", ".join(_math(node, OR) for node in nodes)


def _call(node: ast.Call) -> str:
    name = ast.unparse(node.func).removeprefix("math.").removeprefix("np.")
    arguments = _listed(node.args)
    if name == "abs" and len(node.args) == 1:
        return rf"\left|{arguments}\right|"
    if name == "sqrt" and len(node.args) == 1:
        return rf"\sqrt{{{arguments}}}"
    function = rf"\{name}" if name in NAMED else rf"\text{{{code(name)}}}"
    return rf"{function}\left({arguments}\right)"


def _name(name: str) -> str:
    """A variable: one letter in italics, with what follows an underscore as its index."""
    if len(name) == 1 and name.isascii():
        return name if name.isalpha() else r"\_"
    head, _, index = name.partition("_")
    if len(head) == 1 and head.isascii() and index:
        return rf"{head}_{{\text{{{text(index)}}}}}"
    return rf"\text{{\itshape {text(name)}}}"


def _number(value: bool | int | float) -> tuple[str, int]:
    if isinstance(value, bool):
        return rf"\text{{{str(value).lower()}}}", ATOM
    if value == float("inf"):
        return r"\infty", ATOM
    mantissa, _, exponent = repr(value).partition("e")
    return (rf"{mantissa} \cdot 10^{{{int(exponent)}}}", PRODUCT) if exponent else (mantissa, ATOM)
