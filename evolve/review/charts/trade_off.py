"""Gap against decision time, with the length of the program: which programs no other one beats in all three."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from evolve.review.charts.base import Spec, chart, gap_scale, tooltip


def trade_off(rows: Sequence[dict[str, Any]]) -> Spec:
    """Rows: program, by, gap, ms (of the program on train), size, best (on the frontier), href."""
    ranked = sorted(float(row["gap"]) for row in rows)
    scale = gap_scale(ranked[: max(2, int(0.8 * len(ranked)))])
    quick = [row for row in rows if row["ms"]]
    return chart(
        data={"values": quick},
        mark={"type": "point", "filled": True, "clip": True, "cursor": "pointer"},
        encoding={
            "x": {
                "field": "ms",
                "type": "quantitative",
                "title": "time of the program on train, ms (log scale)",
                "scale": {"type": "log", "nice": False, "padding": 12},
            },
            "y": {
                "field": "gap",
                "type": "quantitative",
                "title": "gap on validation (lower is better)",
                "scale": scale,
            },
            "size": {"field": "size", "type": "quantitative", "title": "nodes", "legend": {"orient": "top"}},
            "color": {
                "field": "best",
                "type": "nominal",
                "title": None,
                "sort": ["Pareto-optimal", "dominated"],
                "scale": {"domain": ["Pareto-optimal", "dominated"], "range": ["#0072b2", "#b0b0b0"]},
                "legend": {"orient": "top"},
            },
            "shape": {
                "field": "best",
                "scale": {"domain": ["Pareto-optimal", "dominated"], "range": ["circle", "cross"]},
            },
            "href": {"field": "href"},
            "tooltip": tooltip(("program", "program"), ("by", "by"), ("gap", "gap"), ("ms", "ms"), ("size", "nodes")),
        },
    )
