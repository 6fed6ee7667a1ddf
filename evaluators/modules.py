"""The modules of a problem's folder: private to it, and read for its fingerprint.

They import each other by their plain names, while they load. After that they are kept under names of their own, so that
another folder may have modules of the same names.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import importlib.util
import os
import site
import sys
import sysconfig
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

from evaluators.mistakes import MISTAKES, told
from evaluators.protocol import ProblemError

PREFIX = "_problem_"
INSTALLED = {
    *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
    *site.getsitepackages(),
    site.getusersitepackages(),
}


def load(name: str, folder: Path, where: str) -> ModuleType:
    """A module beside problem.toml, or else one on the path (the current folder included). Raises ProblemError."""
    try:
        if (folder / f"{name}.py").exists():
            return _beside(name, folder)
        if os.getcwd() not in sys.path:
            sys.path.append(os.getcwd())
        return importlib.import_module(name)
    except MISTAKES as error:
        raise ProblemError(f"{where}: importing {name} failed: {told(error)}") from None


def _beside(name: str, folder: Path) -> ModuleType:
    package = PREFIX + hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    own = f"{package}.{name}"
    if own in sys.modules:
        return sys.modules[own]
    spec = importlib.util.spec_from_file_location(own, folder / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    sys.modules[own] = module = importlib.util.module_from_spec(spec)  # dataclasses look their module up
    known = set(sys.modules)
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        spec.loader.exec_module(module)
    finally:  # what fails and is mended is loaded anew, with all that it imports
        sys.path.remove(str(folder))
        helpers = _taken_out(folder, known)
        del sys.modules[own]
    for each in (module, *helpers.values()):
        _imports_at_the_top(each, folder)
    sys.modules |= {own: module, **{f"{package}.{plain}": helper for plain, helper in helpers.items()}}
    return module


def _taken_out(folder: Path, known: set[str]) -> dict[str, ModuleType]:
    """What was imported from the folder since, which nobody else finds any longer."""
    paths = {name: getattr(sys.modules[name], "__file__", None) for name in set(sys.modules) - known}
    return {name: sys.modules.pop(name) for name, path in paths.items() if path and folder in Path(path).parents}


def _imports_at_the_top(module: ModuleType, folder: Path) -> None:
    """Later the plain names are nobody's. Raises ImportError."""
    path = Path(module.__file__ or "")
    tree = ast.parse(path.read_bytes())
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)):
        for node in ast.walk(function):
            for name in _names(node, "", 0):
                first = folder / name.partition(".")[0]
                if first.with_suffix(".py").exists() or (first / "__init__.py").exists():
                    line = getattr(node, "lineno", 0)
                    raise ImportError(f"{path.name}:{line} imports {name} in a function; import it at the top")


def sources(module: ModuleType) -> list[bytes]:
    """The source of a module and of what it imports, directly or not, in order of name: modules of the problem's folder
    (first), of `evaluators`, and of whoever plugs in an evaluator; not what is installed, which people do not edit."""
    found: dict[str, bytes] = {}
    todo = [(module.__name__, Path(module.__file__ or ""))]
    while todo:
        name, path = todo.pop()
        if name in found:
            continue
        found[name] = source = path.read_bytes()
        package = name.partition(".")[0] + "." if name.startswith(PREFIX) else ""
        for imported in _imported(source, name.removeprefix(package), path.name == "__init__.py"):
            own = package + imported
            if package and own in sys.modules:
                todo.append((own, Path(sys.modules[own].__file__ or "")))
            elif file := _file(imported):
                todo.append((imported, file))
    return [found[name] for name in sorted(found)]


def _file(name: str) -> Path | None:
    """Where a module of this name is, if its source counts. Nothing is imported to find it, and it does not matter what
    has been imported by then."""
    first = name.partition(".")[0]
    if first in ("evolve", "sandbox"):
        return None  # ours, but what judges is in `evaluators`
    spec, places = None, None
    for end in range(1, name.count(".") + 2):
        if end > 1 and places is None:
            return None
        whole = ".".join(name.split(".")[:end])
        specs = (finder.find_spec(whole, places) for finder in sys.meta_path if hasattr(finder, "find_spec"))
        spec = next((spec for spec in specs if spec), None)
        if spec is None:
            return None
        places = spec.submodule_search_locations
    if spec is None or not spec.has_location or not spec.origin or not spec.origin.endswith(".py"):
        return None
    path = Path(spec.origin)
    installed = any(path.is_relative_to(place) for place in INSTALLED)
    return path if first == "evaluators" or not installed else None  # ours may be installed, and counts all the same


@cache
def _imported(source: bytes, name: str, is_package: bool) -> frozenset[str]:
    """Names of what the module of this name may import, with the packages that these are in."""
    parents = name.split(".") if is_package else name.split(".")[:-1]
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        level = node.level if isinstance(node, ast.ImportFrom) else 0
        base = ".".join(parents[: len(parents) - level + 1]) if level else ""
        for imported in _names(node, base, level):
            parts = imported.split(".")
            found.update(".".join(parts[:end]) for end in range(1, len(parts) + 1))
    return frozenset(found)


def _names(node: ast.AST, base: str, level: int) -> Iterator[str]:
    """What an import names: in `from a import b`, b may be a module too."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.level == level:
        start = ".".join(part for part in (base, node.module) if part)
        yield start
        yield from (f"{start}.{alias.name}" for alias in node.names)
