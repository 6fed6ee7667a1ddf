"""evolve: discover scheduling heuristics; a model proposes, a simulator it cannot touch judges.

`from evolve import Archive` reads what runs have found, as records and as pandas frames.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

# Before numpy is imported, here and in the evaluator processes, of which there are as many as cores: one thread each.
for _name in ("OPENBLAS", "OMP", "MKL"):
    os.environ.setdefault(f"{_name}_NUM_THREADS", "1")

if TYPE_CHECKING:
    from evolve.archive import Archive as Archive

__all__ = ["Archive"]


def __getattr__(name: str) -> object:
    """Load the archive when it is asked for: most of the package does without a database."""
    if name == "Archive":
        from evolve.archive import Archive

        return Archive
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
