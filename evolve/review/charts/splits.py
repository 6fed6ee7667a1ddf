"""From train to ood: mean gap of a few programs on each split, with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evolve.figures import SplitFigures
from evolve.review.charts.base import Spec, chart, gap_scale, tooltip


def splits(programs: Mapping[str, Mapping[str, SplitFigures]], order: Sequence[str]) -> Spec:
    """`programs`: figures by program, the one that matters first, and by split."""
    rows = [
        {
            "program": program,
            "split": split,
            "gap": figures[split].gap_mean,
            "low": figures[split].gap_ci95[0],
            "high": figures[split].gap_ci95[1],
            "n": figures[split].instances,
        }
        for program, figures in programs.items()
        for split in order
        if split in figures
    ]
    scale = gap_scale([end for figures in programs.values() for one in figures.values() for end in one.gap_ci95])
    names = list(programs)
    x = {"field": "split", "type": "nominal", "sort": list(order), "title": "split", "axis": {"labelAngle": 0}}
    y = {"field": "gap", "type": "quantitative", "title": "mean gap, 95 % interval (lower is better)", "scale": scale}
    program = {"field": "program", "type": "nominal", "sort": names, "title": None, "legend": {"orient": "top"}}
    offset = {"field": "program", "sort": names}
    hints = tooltip(
        ("program", "program"),
        ("split", "split"),
        ("gap", "mean gap"),
        ("low", "from"),
        ("high", "to"),
        ("n", "instances"),
    )
    interval = {"y": {**y, "field": "low"}, "y2": {"field": "high"}}
    return chart(
        data={"values": rows},
        encoding={
            "x": x,
            "xOffset": offset,
            "color": program,
            "tooltip": hints,
        },
        layer=[
            {"mark": {"type": "rule", "strokeWidth": 2}, "encoding": interval},
            {"mark": {"type": "point", "filled": True, "size": 80}, "encoding": {"y": y, "shape": program}},
        ],
    )
