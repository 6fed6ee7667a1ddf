"""A normal form of programs: two that differ only in names, formatting or dead code get the same text.

A priority rule that is one expression gets the tidied expression. Any other program keeps its statements, without
comments, docstrings, annotations and unused names, with locals renamed in the order of their appearance.
"""

from __future__ import annotations

import ast
import builtins
import hashlib
import io
import tokenize

from evolve.syntax.algebra import ordered, tidy
from evolve.syntax.inline import rule
from evolve.syntax.literals import constants, with_constants
from evolve.syntax.tree import ENTRIES, deep, docstring, entry, parse

_INTROSPECTION = {"eval", "exec", "locals", "globals", "vars", "dir", "getattr", "setattr", "compile", "__import__"}
_PURE_CALLS = {"max", "min", "abs", "len", "float", "int", "round", "sum", "sorted", "math", "np"}


def fingerprint(source: str) -> str:
    """A hash of the normal form. Raises SyntaxError for a program that does not parse."""
    return hashlib.blake2b(normalise(source).encode("utf-8", "replace"), digest_size=12).hexdigest()


def shape(source: str) -> str | None:
    """What a program is without its constants, hashed; None for one that does not parse."""
    try:
        return fingerprint(with_constants(source, [2.0] * len(constants(source))))
    except (SyntaxError, ValueError):
        return None


def normalise(source: str) -> str:
    """The normal form. Raises SyntaxError, and nothing else, for a program that does not parse."""
    tree = parse(source)
    try:
        if deep(tree):
            return _tokens(source)
        if found := rule(tree):
            expression = ordered(tidy(ordered(found.expression)))
            imports = "import math\n\n\n" if "math." in str(expression) else ""
            names = ", ".join(sorted(expression.names))
            return f"{imports}def priority({names}):\n    return {expression}\n"
        return _statements(tree)
    except RecursionError:
        return _tokens(source)


def _tokens(source: str) -> str:
    """The tokens without comments and blank lines: all that is done for trees too deep to walk."""
    lines: list[str] = []
    words: list[str] = []
    level = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in (tokenize.COMMENT, tokenize.NL, tokenize.ENDMARKER):
            continue
        if token.type == tokenize.INDENT:
            level += 1
        elif token.type == tokenize.DEDENT:
            level -= 1
        elif token.type == tokenize.NEWLINE:
            lines.append(" " * level + " ".join(words))
            words = []
        else:
            words.append(token.string)
    return "\n".join(lines) + "\n"


def _statements(tree: ast.Module) -> str:
    function = entry(tree)
    numeric = function is not None and function.name.startswith("priorit") and not _holds_sequences(tree)
    tree = ast.parse(ast.unparse(_Bare(numeric).visit(tree)))  # unparse joins what was cut apart, as in -(1)
    while _drop_unused(tree):
        pass
    kept = _keep(tree)
    if kept is not None:
        if numeric:
            _Sorted(_bound(tree) - kept).visit(tree)
        _rename(tree, kept)
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def _holds_sequences(tree: ast.AST) -> bool:
    """Whether anything but numbers occurs, so that + may join and 1 may be an index."""
    kinds = ast.List | ast.Tuple | ast.JoinedStr | ast.Subscript | ast.ListComp | ast.FloorDiv | ast.Mod | ast.Starred
    return any(
        isinstance(node, kinds)
        or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes) and not _is_docstring(tree, node))
        or (isinstance(node, ast.Name) and node.id in ("range", "list", "sorted", "tuple", "str"))
        for node in ast.walk(tree)
    )


def _is_docstring(tree: ast.AST, constant: ast.Constant) -> bool:
    owners = ast.Module | ast.FunctionDef | ast.ClassDef
    return any(isinstance(node, owners) and docstring(node) is constant for node in ast.walk(tree))


class _Bare(ast.NodeTransformer):
    """Drops what does nothing: docstrings, annotations, pass, constants as statements; floats that are integers
    become integers where everything is a number."""

    def __init__(self, numeric: bool) -> None:
        self.numeric = numeric

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        for part in ("body", "orelse", "finalbody"):
            body = getattr(node, part, None)
            if isinstance(body, list):
                body[:] = [one for one in body if not isinstance(one, ast.Pass)]
                if not body and part == "body" and not isinstance(node, ast.Module):
                    body.append(ast.Pass())
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        return None if isinstance(node.value, ast.Constant) else self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        if node.value is None:
            return None
        return self.generic_visit(ast.copy_location(ast.Assign([node.target], node.value), node))

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        annotated = [one for one in node.body if isinstance(one, ast.AnnAssign)]  # dataclasses read them
        return self.generic_visit(node) if not annotated else node

    def visit_If(self, node: ast.If) -> ast.AST | None:
        if ast.unparse(node.test) in ("__name__ == '__main__'", "'__main__' == __name__") and not node.orelse:
            return None
        return self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if self.numeric and isinstance(node.value, float) and node.value.is_integer() and abs(node.value) < 2**53:
            return ast.copy_location(ast.Constant(int(node.value)), node)
        return node


def loaded(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Store)}


def _drop_unused(tree: ast.Module) -> bool:
    """Drop imports, helpers and assignments that nothing reads. Whether something was dropped."""
    used = loaded(tree)
    if used & _INTROSPECTION:
        return False
    used |= {name for node in ast.walk(tree) if isinstance(node, ast.Global | ast.Nonlocal) for name in node.names}
    used |= {
        node.target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name)
    }
    dropped = False

    def unused(node: ast.stmt, top: bool) -> bool:
        if isinstance(node, ast.Import | ast.ImportFrom):
            node.names = [
                alias for alias in node.names if (alias.asname or alias.name.split(".")[0]) in used or alias.name == "*"
            ]
            return not node.names
        if isinstance(node, ast.FunctionDef) and not node.decorator_list and not (top and node.name in ENTRIES):
            return node.name not in used
        if isinstance(node, ast.Assign) and all(isinstance(target, ast.Name) for target in node.targets):
            names = {target.id for target in node.targets if isinstance(target, ast.Name)}
            return not names & used and not (top and names & set(ENTRIES)) and pure(node.value)
        return False

    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            continue
        for part in ("body", "orelse", "finalbody"):
            body = getattr(node, part, None)
            if not isinstance(body, list):
                continue
            kept = [one for one in body if not unused(one, node is tree)]
            if len(kept) < len(body):
                dropped = True
                body[:] = kept or ([ast.Pass()] if part == "body" and node is not tree else [])
    return dropped


def pure(node: ast.AST) -> bool:
    """Whether evaluating the expression can have no effect but its value (or an error)."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.NamedExpr | ast.Await | ast.Yield | ast.YieldFrom):
            return False
        if isinstance(inner, ast.Call):
            root = inner.func
            while isinstance(root, ast.Attribute):
                root = root.value
            if not (isinstance(root, ast.Name) and root.id in _PURE_CALLS):
                return False
    return True


class _Sorted(ast.NodeTransformer):
    """Sorts operands whose order does not matter, in programs that hold numbers only. Locals count as equal, since
    their names are not known yet."""

    def __init__(self, local: set[str]) -> None:
        self.local = local

    def key(self, node: ast.expr) -> str:
        copy = ast.parse(ast.unparse(node), mode="eval")
        for inner in ast.walk(copy):
            if isinstance(inner, ast.Name) and inner.id in self.local:
                inner.id = "_"
        return ast.unparse(copy)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, ast.Add | ast.Mult) and pure(node) and self.key(node.right) < self.key(node.left):
            node.left, node.right = node.right, node.left
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        extreme = isinstance(node.func, ast.Name) and node.func.id in ("max", "min") and not node.keywords
        if extreme and len(node.args) > 1 and pure(node):
            node.args.sort(key=self.key)
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        turned = {ast.Gt: ast.Lt, ast.GtE: ast.LtE}
        if len(node.ops) == 1 and type(node.ops[0]) in turned and pure(node):
            return ast.Compare(node.comparators[0], [turned[type(node.ops[0])]()], [node.left])
        return node


def _keep(tree: ast.Module) -> set[str] | None:
    """Names that must stay as they are; None where a program may look names up by their text."""
    read = loaded(tree)
    if read & _INTROSPECTION:
        return None
    kept = set(dir(builtins)) | set(ENTRIES)
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg:
            kept.add(node.arg)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            kept.update(node.names)
        elif isinstance(node, ast.ImportFrom | ast.Import):
            kept.update(alias.asname or alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ClassDef):
            kept.add(node.name)
            kept.update(name for one in node.body for name in _binds(one))
    function = entry(tree)
    if function is not None:
        arguments = function.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        kept.update(argument.arg for argument in every if argument)
    return kept


def _binds(node: ast.AST) -> set[str]:
    """Names that a single statement binds."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    return _stored(node) if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.For) else set()


def _stored(node: ast.AST) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store)}


def _bound(tree: ast.AST) -> set[str]:
    """Every name that is bound anywhere."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
            names |= {node.name} if node.name else set()
    return names


def _rename(tree: ast.Module, kept: set[str]) -> None:
    """Rename what may be renamed, one mapping for the module's own names and one for each of its functions.

    Names are numbered by first appearance. A new name never meets an old one: those that stay are left out.
    """
    taken = kept | {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - _bound(tree)
    plain = [one for one in tree.body if not isinstance(one, ast.FunctionDef | ast.ClassDef)]
    outer = ({name for node in tree.body for name in _binds(node)} | {n for one in plain for n in _stored(one)}) - kept
    shared: dict[str, str] = {}
    for node in tree.body:
        own = _bound(node) - kept if isinstance(node, ast.FunctionDef | ast.ClassDef) else set()
        own -= {node.name} if isinstance(node, ast.FunctionDef) else set()
        _Renamer(own, outer, shared, taken).visit(node)


class _Renamer(ast.NodeTransformer):
    def __init__(self, own: set[str], outer: set[str], shared: dict[str, str], taken: set[str]) -> None:
        self.own, self.outer, self.shared, self.taken = own, outer, shared, taken
        self.local: dict[str, str] = {}

    def new(self, name: str) -> str:
        if name in self.own:
            names, letter = self.local, "v"
        elif name in self.outer:
            names, letter = self.shared, "g"
        else:
            return name
        if name not in names:
            number = len(names)
            while f"{letter}{number}" in self.taken:
                number += 1
            while f"{letter}{number}" in names.values():
                number += 1
            names[name] = f"{letter}{number}"
        return names[name]

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = self.new(node.id)
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.arg = self.new(node.arg)
        return node

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        node.name = self.new(node.name)
        return self.generic_visit(node)

    visit_FunctionDef = _function
    visit_AsyncFunctionDef = _function

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        node.name = self.new(node.name) if node.name else None
        return self.generic_visit(node)

    def visit_MatchAs(self, node: ast.MatchAs) -> ast.AST:
        self.generic_visit(node)
        node.name = self.new(node.name) if node.name else None
        return node

    def visit_MatchStar(self, node: ast.MatchStar) -> ast.AST:
        node.name = self.new(node.name) if node.name else None
        return node
