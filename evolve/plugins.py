"""Find a strategy, a proposer or an export format by name: a file in its folder, or another package's entry point.

Adding one is adding a file that names its class in a module-level constant; another package registers under the
entry-point group "evolve.strategies", "evolve.proposers" or "evolve.exporting".
"""

from __future__ import annotations

import importlib
import pkgutil
from importlib.metadata import entry_points
from typing import Any


class UnknownPlugin(Exception):
    """No such name; the text lists those that exist."""


def names(kind: str) -> list[str]:
    """Names that `load(kind, …)` knows; kind is "strategies", "proposers" or "exporting"."""
    package = importlib.import_module(f"evolve.{kind}")
    here = {
        module.name
        for module in pkgutil.iter_modules(package.__path__)
        if not (module.ispkg or module.name.startswith("_") or module.name == "base")
    }
    return sorted(here | {point.name for point in entry_points(group=f"evolve.{kind}")})


def load(kind: str, name: str, constant: str) -> Any:
    """What a module names in `constant`, or that an entry point refers to. Raises UnknownPlugin."""
    if name not in names(kind):
        raise UnknownPlugin(f"{kind}: there is no {name!r}, but: {', '.join(names(kind))}")
    for point in entry_points(group=f"evolve.{kind}"):
        if point.name == name:
            return point.load()
    return getattr(importlib.import_module(f"evolve.{kind}.{name}"), constant)
