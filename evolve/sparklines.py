"""Curves and bars of one line of text."""

from __future__ import annotations

import math
from collections.abc import Sequence

BLOCKS = "▁▂▃▄▅▆▇█"
PARTS = "▏▎▍▌▋▊▉█"  # eighths of a character


def sparkline(values: Sequence[float | None]) -> str:
    """A character a value, the lowest for the smallest; a blank where there is none."""
    known = [value for value in values if value is not None and math.isfinite(value)]
    low, high = min(known, default=0.0), max(known, default=0.0)
    step = (high - low) / (len(BLOCKS) - 1) or 1.0
    places = [None if value is None or not math.isfinite(value) else round((value - low) / step) for value in values]
    return "".join(" " if place is None else BLOCKS[place] for place in places)


def bar(value: float, most: float, width: int = 10) -> str:
    """A bar as long as a value's share of the largest; none for a negative one, a trace for a small one."""
    if not (most > 0 and value > 0):
        return ""
    share = min(value / most, 1.0)
    whole, part = divmod(max(1, round(share * width * len(PARTS))), len(PARTS))
    return PARTS[-1] * whole + (PARTS[part - 1] if part else "")
