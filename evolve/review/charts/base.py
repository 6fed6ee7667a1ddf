"""What pictures share."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

Spec = dict[str, Any]
Row = Mapping[str, Any]
Link = Callable[[str], str | None]  # the address of a page, None where there is none

HEIGHT = 300
WIDE = 20.0  # a ratio of gaps above which a logarithmic scale shows more


def chart(height: int = HEIGHT, **parts: Any) -> Spec:
    """A specification as wide as its place."""
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": "container",
        "height": height,
        "autosize": {"type": "fit-x", "contains": "padding"},
        **parts,
    }


def tooltip(*names: tuple[str, str]) -> list[Spec]:
    """(field, title) pairs; numbers with four digits."""
    return [{"field": field, "title": title} for field, title in names]


def gap_scale(shown: Sequence[float], others: Iterable[float] = ()) -> Spec:
    """A vertical scale on which what is shown can be told apart; further values only where they are near."""
    values = [value for value in shown if math.isfinite(value)]
    if not values:
        return {"zero": False}
    low, high = min(values), max(values)
    near = [value for value in others if math.isfinite(value) and low - (high - low) <= value <= high]
    low = min([low, *near])
    if low > 0 and high / low > WIDE:
        return {"type": "log", "domain": [low / 1.1, high * 1.1], "nice": False}
    margin = 0.06 * (high - low) or abs(high) * 0.05 or 1.0
    return {"domain": [low - margin, high + margin], "nice": False, "zero": False}
