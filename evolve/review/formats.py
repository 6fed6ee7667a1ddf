"""How pages write numbers and texts. Gaps have four digits, as in the terminal and in tables of results."""

from __future__ import annotations

import json
import math
import time
from typing import Any

from markupsafe import Markup

from evolve.visible import visible

LONGEST = 20_000  # characters of one text; an archive may hold megabytes that a program printed


def gap(value: float | None) -> str:
    """A gap, cost or metric."""
    return "–" if value is None or not math.isfinite(value) else f"{value:.4g}"


def signed(value: float | None) -> str:
    """A difference."""
    return "–" if value is None or not math.isfinite(value) else f"{value:+.3g}"


def seconds(value: float | None) -> str:
    """A duration in the unit that suits it."""
    if value is None or not math.isfinite(value):
        return "–"
    if value < 1e-3:
        return f"{value * 1e6:.3g} µs"
    if value < 1:
        return f"{value * 1e3:.3g} ms"
    if value < 120:
        return f"{value:.3g} s"
    return f"{value / 60:.3g} min" if value < 7200 else f"{value / 3600:.3g} h"


def count(value: float) -> str:
    """How many."""
    return f"{value:,.4g}" if value != int(value) else f"{int(value):,}"


def percent(share: float | None) -> str:
    """A share of one."""
    return "–" if share is None else f"{100 * share:.0f} %"


def money(value: float) -> str:
    """US dollars."""
    return f"${value:,.2f}" if value >= 1 or value == 0 else f"${value:.4f}"


def moment(value: float | None) -> str:
    """A date and time, UTC."""
    return "–" if value is None else time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(value))


def script_json(value: Any) -> Markup:
    """JSON that may stand in a script element, whatever it holds; figures that are none become null."""
    text = json.dumps(_finite(value), separators=(",", ":"), ensure_ascii=True)
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return visible(value, 400)
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    return [_finite(one) for one in value] if isinstance(value, list | tuple) else value
