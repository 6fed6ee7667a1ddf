"""Find a strategy, a proposer or an export format by name: a file in its folder, or another package's entry point.

Adding one is adding a file that names its class in a module-level constant; another package registers under the
entry-point group "evolve.strategies", "evolve.proposers" or "evolve.exporting". A file with a mistake in it is its
author's, who is told in one line which file lacks what.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable, Sequence
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from evaluators.protocol import located


class UnknownPlugin(Exception):
    """No such name; the text lists those that exist."""


class BrokenPlugin(Exception):
    """There is one of that name, and it is not what its base.py asks for: one line on which file lacks what."""


def names(kind: str) -> list[str]:
    """Names that `load(kind, …)` knows; kind is "strategies", "proposers" or "exporting"."""
    package = importlib.import_module(f"evolve.{kind}")
    here = {
        module.name
        for module in pkgutil.iter_modules(package.__path__)
        if not (module.ispkg or module.name.startswith("_") or module.name == "base")
    }
    return sorted(here | _elsewhere(kind).keys())


def load(kind: str, name: str, constant: str, needs: Sequence[str] = ()) -> Any:
    """What a module names in `constant`, or that an entry point refers to. needs: methods that it must have.

    Raises UnknownPlugin and BrokenPlugin.
    """
    if name not in names(kind):
        raise UnknownPlugin(f"{kind}: there is no {name!r}, but: {', '.join(names(kind))}")
    found = _imported(kind, name, constant)
    for method in needs:
        if not callable(getattr(found, method, None)):
            raise BrokenPlugin(f"{_where(found, kind, name)}: {_called(found)} lacks the method {method}()")
    return found


def make(
    kind: str,
    name: str,
    found: Any,
    build: Callable[[], Any],
    has: Sequence[str] = (),
    clear: tuple[type[Exception], ...] = (),
) -> Any:
    """What `build` makes of `found`, which was loaded. has: attributes that it must have then. clear: errors that say
    by themselves, in one line, what is wrong; they are let through. Raises BrokenPlugin."""
    try:
        made = build()
    except clear:
        raise
    except Exception as error:
        # It wants arguments that nobody gives, most often; that is said by the message alone.
        wrong = str(error) if isinstance(error, TypeError) else _mistake(error)
        raise BrokenPlugin(f"{_where(found, kind, name)}: {_called(found)} cannot be made: {wrong}") from error
    for attribute in has:
        if not hasattr(made, attribute):
            raise BrokenPlugin(f"{_where(found, kind, name)}: {_called(found)} lacks the attribute `{attribute}`")
    return made


def _imported(kind: str, name: str, constant: str) -> Any:
    try:
        if point := _elsewhere(kind).get(name):
            return point.load()
        module = importlib.import_module(f"evolve.{kind}.{name}")
    except Exception as error:
        raise BrokenPlugin(f"{kind}: {name} cannot be imported: {_mistake(error)}") from error
    if not hasattr(module, constant):
        raise BrokenPlugin(f"{module.__file__}: {constant} is missing: name the class in it, {constant} = …")
    return getattr(module, constant)


def _elsewhere(kind: str) -> dict[str, EntryPoint]:
    """What other packages register, by name."""
    return _registered(kind, tuple(sys.path))


@cache  # all that is installed is looked through for it
def _registered(kind: str, path: tuple[str, ...]) -> dict[str, EntryPoint]:
    return {point.name: point for point in reversed(entry_points(group=f"evolve.{kind}"))}


def _mistake(error: Exception) -> str:
    """A syntax error with the place that it is about, any other with the place that raised it."""
    if isinstance(error, SyntaxError):
        return f"SyntaxError: {error.msg} ({Path(error.filename or '').name}:{error.lineno})"
    return located(error)


def _where(found: Any, kind: str, name: str) -> str:
    try:
        return inspect.getsourcefile(found) or f"{kind}: {name}"
    except TypeError:  # no class or function at all
        return f"{kind}: {name}"


def _called(found: Any) -> str:
    return str(getattr(found, "__name__", repr(found)))
