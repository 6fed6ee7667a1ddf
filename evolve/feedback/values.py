"""Numbers and plain data as short text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

ITEMS = 6  # of a list or a dict that are shown
TEXT = 40  # characters of a string
DEPTH = 2


def figure(value: float) -> str:
    """A number with four significant digits."""
    return f"{value:.4g}" if abs(value) < 1e6 and value != int(value) else f"{value:.6g}"


def line(text: str, most: int) -> str:
    """The text in one line of at most so many characters, without what a terminal or a prompt could stumble over."""
    flat = " ".join("".join(c if c.isprintable() else " " for c in text[: 20 * most]).split())
    return flat if len(flat) <= most else flat[: most - 1] + "…"


def short(value: Any, depth: int = 0) -> str:
    """Plain data, shortened: the first items of what is long, and how long it is."""
    if isinstance(value, np.ndarray):
        shape = "×".join(map(str, value.shape))
        first = ", ".join(short(item) for item in value.flat[:ITEMS].tolist())
        return f"[{first}{', …' if value.size > ITEMS else ''}] ({shape})"
    if isinstance(value, np.generic):
        return short(value.item())
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int | float):
        return figure(value) if abs(value) < 1e300 else str(value)
    if isinstance(value, str):
        return repr(line(value, TEXT))
    if isinstance(value, Mapping):
        if depth >= DEPTH:
            return f"{{… {len(value)} entries}}"
        shown = [f"{line(str(key), TEXT)}: {short(value[key], depth + 1)}" for key in list(value)[:ITEMS]]
        return "{" + ", ".join(shown) + (", …" if len(value) > ITEMS else "") + "}"
    if isinstance(value, list | tuple):
        if depth >= DEPTH:
            return f"[… {len(value)} items]"
        shown = [short(item, depth + 1) for item in value[:ITEMS]]
        return "[" + ", ".join(shown) + (f", … {len(value)} items" if len(value) > ITEMS else "") + "]"
    return line(repr(value), TEXT)
