"""The modules of a problem's folder: private to it, imported when they are asked for, and read for its fingerprint.

A folder is a package of its own, under a name that is made of its path. What its modules import is looked for beside
them first, at any time, so that two folders may have modules of the same name.
"""

from __future__ import annotations

import ast
import builtins
import hashlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from evaluators.mistakes import MISTAKES, told
from evaluators.protocol import ProblemError

PREFIX = "_problem_"


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
    if package not in sys.modules:
        module = ModuleType(package)
        module.__path__ = [str(folder)]
        sys.modules[package] = module
    importlib.invalidate_caches()
    try:
        return importlib.import_module(f"{package}.{name}")
    except BaseException:  # what is mended then is loaded anew, with all that it imports
        for loaded in [each for each in sys.modules if each.startswith(f"{package}.")]:
            del sys.modules[loaded]
        raise


class _Finder:
    """Finds the modules of folders, whose imports begin in their own folder."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if not name.startswith(PREFIX):
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(name, spec.loader.path)
        return spec


class _Loader(SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        package = module.__name__.partition(".")[0]
        vars(module)["__builtins__"] = {**vars(builtins), "__import__": partial(_import, package)}
        super().exec_module(module)


sys.meta_path.insert(0, _Finder)


def _import(
    package: str,
    name: str,
    globals: dict[str, Any] | None = None,
    locals: dict[str, Any] | None = None,
    fromlist: Sequence[str] = (),
    level: int = 0,
) -> ModuleType:
    """`import` in a module of a folder."""
    first = f"{package}.{name.partition('.')[0]}"
    if level or not _is_beside(first):
        return builtins.__import__(name, globals, locals, fromlist, level)
    module = builtins.__import__(f"{package}.{name}", globals, locals, fromlist or ("",))
    return module if fromlist else sys.modules[first]


# errors are located in the author's code, of which this is no part: see `protocol.located`
_import.__code__ = _import.__code__.replace(co_filename="<import>")


def _is_beside(name: str) -> bool:
    """A folder without __init__.py counts only where nothing else has its name: problems have folders of data."""
    if name in sys.modules:
        return True
    spec = importlib.util.find_spec(name)
    return spec is not None and (spec.loader is not None or importlib.util.find_spec(name.partition(".")[2]) is None)


def sources(module: ModuleType) -> list[bytes]:
    """The source of a module and of the modules of `evaluators` and of the problem's folder that it imports, directly
    or not, in order of name: those of the folder first. Raises ProblemError for one that cannot be read."""
    found: dict[str, bytes] = {}
    todo = [(module.__name__, Path(module.__file__))] if module.__file__ else []
    while todo:
        name, path = todo.pop()
        if name in found:
            continue
        found[name] = source = path.read_bytes()
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError) as error:
            raise ProblemError(f"{path}: line {getattr(error, 'lineno', '?')}: {error.args[0]}") from None
        for imported in _imported(tree, name, path):
            if imported.startswith("evaluators.") and (file := getattr(sys.modules.get(imported), "__file__", None)):
                todo.append((imported, Path(file)))
            elif name.startswith(PREFIX):
                todo += _files(imported, name.partition(".")[0])
    return [found[name] for name in sorted(found)]


def _imported(tree: ast.Module, name: str, path: Path) -> Iterator[str]:
    """Names of what a module may import: in `from a import b`, b may be a module too."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*start, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _files(imported: str, package: str) -> list[tuple[str, Path]]:
    """The modules of a folder that an import of this name runs, imported or not yet: the packages around it too."""
    parts = imported.removeprefix(f"{package}.").split(".")
    folder = Path(sys.modules[package].__path__[0])
    files = []
    for end in range(1, len(parts) + 1):
        inside = folder.joinpath(*parts[:end])
        for file in (inside / "__init__.py", inside.with_name(f"{inside.name}.py")):
            if file.is_file():
                files.append((".".join([package, *parts[:end]]), file))
                break
    return files
