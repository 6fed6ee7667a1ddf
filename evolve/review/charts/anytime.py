"""The best so far against what was used: train and validation, with baselines as lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evolve.insight import Step
from evolve.review.charts.base import Spec, chart, gap_scale, tooltip

SETTLED = 0.02  # of the search: what happens before may lie outside of the picture
APART = 0.045  # of the height: names of baselines do not lie on each other


def anytime(steps: Sequence[Step], axis: str, title: str, baselines: Mapping[str, float]) -> Spec:
    """`steps` as `evolve.insight.anytime` gives them; baselines: gap on validation by name."""
    end = float(getattr(steps[-1], axis))
    drawn = [step for step in steps if getattr(step, axis) >= SETTLED * end] or list(steps)
    values = [value for step in drawn for value in (step.train, step.validation) if value is not None]
    best = min(baselines.values(), default=None)
    scale = gap_scale([*values, *([best] if best is not None else [])], baselines.values())
    names = {"train": "best on train", "validation": "incumbent on validation"}
    rows = [
        {"x": float(getattr(step, axis)), "y": value, "what": name}
        for column, name in names.items()
        for step in steps
        if (value := getattr(step, column)) is not None
    ]
    lines = [{"y": value, "baseline": name} for name, value in _apart(baselines, scale)]
    x = {"field": "x", "type": "quantitative", "title": title, "scale": {"domain": [0, end or 1], "nice": False}}
    y = {"field": "y", "type": "quantitative", "title": "gap (lower is better)", "scale": scale}
    kind = {"field": "what", "type": "nominal", "title": None, "legend": {"orient": "top"}}
    stepped = {"type": "line", "interpolate": "step-after", "clip": True, "strokeWidth": 2}
    shown = tooltip(("what", "what"), ("x", title), ("y", "gap"))
    return chart(
        layer=[
            {
                "data": {"values": lines},
                "mark": {"type": "rule", "strokeDash": [2, 3], "clip": True},
                "encoding": {"y": y, "tooltip": tooltip(("baseline", "baseline"), ("y", "gap on validation"))},
            },
            {
                "data": {"values": lines},
                "mark": {"type": "text", "align": "right", "dy": -5, "x": "width", "clip": True},
                "encoding": {"y": y, "text": {"field": "baseline"}},
            },
            {
                "data": {"values": rows},
                "mark": stepped,
                "encoding": {"x": x, "y": y, "color": kind, "strokeDash": kind, "tooltip": shown},
            },
            {
                "data": {"values": rows},
                "mark": {"type": "point", "clip": True, "filled": True, "size": 22},
                "encoding": {"x": x, "y": y, "color": kind, "tooltip": shown},
            },
        ]
    )


def _apart(baselines: Mapping[str, float], scale: Spec) -> Sequence[tuple[str, float]]:
    """The best baselines whose names do not lie on each other."""
    low, high = scale.get("domain", (0.0, 1.0))
    kept: list[tuple[str, float]] = []
    for name, value in sorted(baselines.items(), key=lambda item: item[1]):
        if all(abs(value - other) > APART * (high - low) for _, other in kept):
            kept.append((name, value))
    return kept
