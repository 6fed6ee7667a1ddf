"""Reading a priority rule as a single expression, where it is one: straight-line code and branches, no loops."""

from __future__ import annotations

import ast
import math
from dataclasses import dataclass

from evolve.syntax.expression import UNARY, Expression, make, minus, name, number
from evolve.syntax.tree import deep, docstring, entry

LARGEST = 250  # nodes; a rule that grows beyond when its locals are substituted is left as a program

_OPERATORS = {ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**"}
_COMPARISONS = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}
_ARRAYS = {"maximum": "max", "minimum": "min", "fmax": "max", "fmin": "min", "absolute": "abs", "fabs": "abs"}
_CONSTANTS = {"pi": math.pi, "e": math.e}


class _Opaque(Exception):
    """Not an expression of features."""


@dataclass(frozen=True)
class Rule:
    """A priority rule that is one expression. `parameters` are the names it takes, in the order of its signature."""

    expression: Expression
    parameters: tuple[str, ...]


def rule(tree: ast.Module) -> Rule | None:
    """The rule that `priority` (or an elementwise `priorities`) computes, or None if it is more than an expression."""
    function = entry(tree)
    if function is None or function.name not in ("priority", "priorities") or deep(tree):
        return None
    try:
        return _rule(tree, function)
    except _Opaque:
        return None


def _rule(tree: ast.Module, function: ast.FunctionDef) -> Rule:
    reader = _Reader(function.name == "priorities")
    signature = function.args
    if function.decorator_list or signature.vararg or signature.kwarg:
        raise _Opaque
    space: dict[str, Expression] = {}
    for node in tree.body:
        reader.module_level(node, space, function)
    arguments = [*signature.posonlyargs, *signature.args, *signature.kwonlyargs]
    positional = [*signature.posonlyargs, *signature.args]
    defaults: dict[str, ast.expr | None] = dict(
        zip([a.arg for a in positional[len(positional) - len(signature.defaults) :]], signature.defaults, strict=True)
    )
    defaults |= dict(zip([a.arg for a in signature.kwonlyargs], signature.kw_defaults, strict=True))
    for argument in arguments:
        # A parameter with a default may be a feature or a named constant: only the problem could tell.
        if defaults.get(argument.arg) is not None:
            raise _Opaque
        space[argument.arg] = name(argument.arg)
    result = reader.block(function.body[1:] if docstring(function) else function.body, space)
    if isinstance(result, dict):
        raise _Opaque
    return Rule(result, tuple(argument.arg for argument in arguments))


class _Reader:
    """Runs the statements symbolically; `modules` maps names to the modules they stand for."""

    def __init__(self, arrays: bool) -> None:
        self.arrays = arrays
        self.modules: dict[str, str] = {}
        self.functions: dict[str, str] = {"max": "max", "min": "min", "abs": "abs"}

    def module_level(self, node: ast.stmt, space: dict[str, Expression], function: ast.FunctionDef) -> None:
        """Imports of math and numpy, and named constants; other definitions only matter if they are used."""
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name in ("math", "numpy"):
                    self.modules[alias.asname or alias.name] = alias.name
        elif isinstance(node, ast.ImportFrom) and node.module == "math":
            for alias in node.names:
                if alias.name in UNARY:
                    self.functions[alias.asname or alias.name] = alias.name
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            if node is not function and node.name in (*self.functions, "float", "pow"):
                raise _Opaque
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            try:
                self.assign(node, space)
            except _Opaque:
                for target in ast.walk(node):
                    if isinstance(target, ast.Name) and isinstance(target.ctx, ast.Store):
                        space.pop(target.id, None)
                        self.functions.pop(target.id, None)
        elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            raise _Opaque

    def block(self, body: list[ast.stmt], space: dict[str, Expression]) -> Expression | dict[str, Expression]:
        """What the statements return, or the names they leave behind if they do not return."""
        for index, node in enumerate(body):
            if isinstance(node, ast.Return):
                if node.value is None:
                    raise _Opaque
                return self.value(node.value, space)
            if isinstance(node, ast.Assign | ast.AnnAssign):
                self.assign(node, space)
            elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
                left = ast.Name(node.target.id, ast.Load())
                space[node.target.id] = self.value(ast.BinOp(left, node.op, node.value), space)
            elif isinstance(node, ast.If):
                condition = self.truth(node.test, space)
                then, other = self.block(node.body, dict(space)), self.block(node.orelse, dict(space))
                if isinstance(then, dict) and isinstance(other, dict):
                    space = {
                        key: then[key]
                        if then[key] == other[key]
                        else _checked(make("if", condition, then[key], other[key]))
                        for key in then
                        if key in other
                    }
                    continue
                rest = body[index + 1 :]
                yes = self.block(rest, then) if isinstance(then, dict) else then
                no = self.block(rest, other) if isinstance(other, dict) else other
                if isinstance(yes, dict) or isinstance(no, dict):
                    raise _Opaque
                return _checked(make("if", condition, yes, no))
            elif not (
                isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
            ):
                raise _Opaque
        return space

    def assign(self, node: ast.Assign | ast.AnnAssign, space: dict[str, Expression]) -> None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if node.value is None:
            return
        if len(targets) == 1 and isinstance(targets[0], ast.Tuple) and isinstance(node.value, ast.Tuple):
            names, values = targets[0].elts, node.value.elts
            if len(names) != len(values):
                raise _Opaque
            pairs = [(target, self.value(value, space)) for target, value in zip(names, values, strict=True)]
        else:
            made = self.value(node.value, space)
            pairs = [(target, made) for target in targets]
        for target, value in pairs:
            if not isinstance(target, ast.Name) or target.id in self.functions or target.id in self.modules:
                raise _Opaque
            space[target.id] = value

    def truth(self, node: ast.expr, space: dict[str, Expression]) -> Expression:
        """A condition; a number counts as true where it is not 0."""
        found = self.value(node, space)
        return found if found.condition else make("!=", found, number(0))

    def value(self, node: ast.expr, space: dict[str, Expression]) -> Expression:
        return _checked(self._value(node, space))

    def _value(self, node: ast.expr, space: dict[str, Expression]) -> Expression:
        if isinstance(node, ast.Constant):
            if node.value is True or node.value is False:
                return make("true" if node.value else "false")
            if isinstance(node.value, int | float) and abs(node.value) < 2**53:
                return number(node.value)
        elif isinstance(node, ast.Name) and node.id in space:
            return space[node.id]
        elif isinstance(node, ast.UnaryOp):
            if isinstance(node.op, ast.Not):
                return make("not", self.truth(node.operand, space))
            operand = self.numeric(node.operand, space)
            if isinstance(node.op, ast.USub):
                return number(-operand.value) if operand.op == "number" else minus(operand)
            if isinstance(node.op, ast.UAdd):
                return operand
        elif isinstance(node, ast.BinOp):
            left, right = self.numeric(node.left, space), self.numeric(node.right, space)
            if isinstance(node.op, ast.Add | ast.Sub):
                right = right if isinstance(node.op, ast.Add) else minus(right)
                return make("+", *(left.args if left.op == "+" else (left,)), right)
            if type(node.op) in _OPERATORS:
                return make(_OPERATORS[type(node.op)], left, right)
        elif isinstance(node, ast.IfExp):
            return make(
                "if", self.truth(node.test, space), self.numeric(node.body, space), self.numeric(node.orelse, space)
            )
        elif isinstance(node, ast.Compare):
            return self.comparison(node, space)
        elif isinstance(node, ast.BoolOp):
            # `a and b` of numbers is a number; as a truth value it is what is meant almost always, but not the same
            parts = [self.value(part, space) for part in node.values]
            if all(part.condition for part in parts):
                return make("and" if isinstance(node.op, ast.And) else "or", *parts)
        elif isinstance(node, ast.Call) and not node.keywords:
            return self.call(node, space)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = node.value.id in self.modules and node.value.id not in space
            if module and node.attr in _CONSTANTS:
                return number(_CONSTANTS[node.attr])
        raise _Opaque

    def numeric(self, node: ast.expr, space: dict[str, Expression]) -> Expression:
        """A number; a truth value counts as 1 or 0."""
        found = self.value(node, space)
        return make("if", found, number(1), number(0)) if found.condition else found

    def comparison(self, node: ast.Compare, space: dict[str, Expression]) -> Expression:
        operands = [self.numeric(operand, space) for operand in (node.left, *node.comparators)]
        parts = []
        for left, right, kind in zip(operands, operands[1:], node.ops, strict=False):
            if type(kind) not in _COMPARISONS:
                raise _Opaque
            op = _COMPARISONS[type(kind)]
            parts.append(make("<" + op[1:], right, left) if op[0] == ">" else make(op, left, right))
        return parts[0] if len(parts) == 1 else make("and", *parts)

    def call(self, node: ast.Call, space: dict[str, Expression]) -> Expression:
        function = self._called(node.func, space)
        if function == "where" and len(node.args) == 3:
            return make("if", self.truth(node.args[0], space), *(self.numeric(arg, space) for arg in node.args[1:]))
        args = tuple(self.numeric(arg, space) for arg in node.args)
        if function in ("max", "min") and len(args) >= 2:
            return make(function, *args)
        if function == "float" and len(args) == 1:
            return args[0]
        if function == "pow" and len(args) == 2:
            return make("**", *args)
        if function in UNARY and len(args) == 1:
            return make(function, *args)
        raise _Opaque

    def _called(self, function: ast.expr, space: dict[str, Expression]) -> str:
        if isinstance(function, ast.Name) and function.id not in space:
            if function.id in ("max", "min") and self.arrays:
                raise _Opaque
            return self.functions.get(function.id, function.id if function.id in ("float", "pow") else "")
        if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
            module = self.modules.get(function.value.id) if function.value.id not in space else None
            if module == "numpy":
                known = _ARRAYS.get(function.attr, function.attr)
                return (
                    known
                    if known in (*UNARY, "max", "min", "abs", "where") and known == _elementwise(function.attr)
                    else ""
                )
            if module == "math":
                return {"fabs": "abs"}.get(function.attr, function.attr)
        return ""


def _elementwise(attribute: str) -> str:
    """np.max and np.min reduce; np.maximum and np.minimum do not."""
    return "" if attribute in ("max", "min") else _ARRAYS.get(attribute, attribute)


def _checked(expression: Expression) -> Expression:
    if expression.size > LARGEST or expression.depth > 40:
        raise _Opaque
    return expression
