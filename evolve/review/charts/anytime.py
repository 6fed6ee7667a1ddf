"""The best so far against what was used: train and validation, with baselines as lines and the champion as a mark."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evolve.insight import Step
from evolve.review.charts.base import HEIGHT, Spec, chart, gap_scale, tooltip

COUNTS = ("candidates", "calls")  # there is nothing between two of these
SETTLED = 0.02  # of the search: what happens before may lie outside of the picture
LETTER, LINE = 7, 12  # pixels that a letter and a line of a name take at most
MARK = 12  # pixels that the champion's mark takes from its name
ABOVE = 9  # pixels from a line to the middle of its name; where the frame ends there, the name is below


@dataclass(frozen=True)
class Name:
    """A name at the right end of a line: moved to the left, and up or down, by so many pixels."""

    text: str
    gap: float
    left: int
    down: int


def anytime(
    steps: Sequence[Step],
    axis: str,
    title: str,
    baselines: Mapping[str, float],
    paper: str | None = None,
    champion: tuple[str, float] | None = None,
) -> Spec:
    """`steps` as `evolve.insight.anytime` gives them; baselines: gap on validation by name; paper: the one whose name
    is always shown beside that of the best; champion: name and gap on validation."""
    end = float(getattr(steps[-1], axis))
    drawn = [step for step in steps if getattr(step, axis) >= SETTLED * end] or list(steps)
    values = [value for step in drawn for value in (step.train, step.validation) if value is not None]
    best = min(baselines, key=lambda name: baselines[name], default=None)
    values += [baselines[best]] if best is not None else []
    scale = gap_scale([*values, *([champion[1]] if champion else [])], baselines.values())
    names = {"train": "best on train", "validation": "incumbent on validation"}
    rows = [
        {"x": float(getattr(step, axis)), "y": value, "what": name}
        for column, name in names.items()
        for step in steps
        if (value := getattr(step, column)) is not None
    ]
    shown = {name: value for name, value in baselines.items() if _height(value, scale) is not None}
    lines = [{"y": value, "baseline": name} for name, value in shown.items()]
    ends = [value for value in (steps[-1].train, steps[-1].validation) if value is not None]
    marks = [{"x": end or 1, "y": champion[1], "champion": champion[0]}] if champion else []
    ticks = {"tickCount": 8, "labelOverlap": True} | ({"tickMinStep": 1} if axis in COUNTS else {})
    x = {"field": "x", "type": "quantitative", "title": title, "axis": ticks}
    x["scale"] = {"domain": [0, end or 1], "nice": False}
    y = {"field": "y", "type": "quantitative", "title": "gap (lower is better)", "scale": scale}
    kind = {"field": "what", "type": "nominal", "title": None, "legend": {"orient": "top"}}
    stepped = {"type": "line", "interpolate": "step-after", "clip": True, "strokeWidth": 2}
    hints = tooltip(("what", "what"), ("x", title), ("y", "gap"))
    return chart(
        layer=[
            {
                "data": {"values": lines},
                "mark": {"type": "rule", "strokeDash": [2, 3], "clip": True},
                "encoding": {"y": y, "tooltip": tooltip(("baseline", "baseline"), ("y", "gap on validation"))},
            },
            {
                "data": {"values": rows},
                "mark": stepped,
                "encoding": {"x": x, "y": y, "color": kind, "strokeDash": kind, "tooltip": hints},
            },
            {
                "data": {"values": rows},
                "mark": {"type": "point", "clip": True, "filled": True, "size": 22},
                "encoding": {"x": x, "y": y, "color": kind, "tooltip": hints},
            },
            {
                "data": {"values": marks},
                "mark": {"type": "point", "shape": "diamond", "filled": True, "size": 130, "color": "var(--accent)"},
                "encoding": {"x": x, "y": y, "tooltip": tooltip(("champion", "champion"), ("y", "gap on validation"))},
            },
            *(_text(name, y) for name in names_of(shown, scale, [best, paper], champion, ends)),
        ]
    )


def names_of(
    baselines: Mapping[str, float],
    scale: Spec,
    always: Sequence[str | None] = (),
    champion: tuple[str, float] | None = None,
    ends: Sequence[float] = (),
) -> list[Name]:
    """Names that do not lie on each other: the champion's, away from the ends of the curves; those that are always
    shown; and of the others, the best first, what there is room for. Where one that is always shown would lie on
    another, it is moved to its left."""
    first = [name for name in dict.fromkeys(always) if name is not None and name in baselines]
    others = sorted((name for name in baselines if name not in first), key=lambda name: baselines[name])
    wanted = [(f"champion {champion[0]}", champion[1], MARK)] if champion else []
    wanted += [(name, baselines[name], 0) for name in (*first, *others)]
    placed: list[tuple[float, Name]] = []
    for text, gap, start in wanted:
        height = _height(gap, scale)
        if height is None:
            continue
        sides = [down for down in (-ABOVE, ABOVE) if LINE / 2 <= height + down <= HEIGHT - LINE / 2]
        down = max(sides, key=lambda side: _free(height + side, ends, scale)) if start else sides[0]
        met = [other for middle, other in placed if abs(height + down - middle) < LINE]
        if text not in others or not met:
            left = max((other.left + LETTER * len(other.text) for other in met), default=start)
            placed.append((height + down, Name(text, gap, left, down)))
    return [name for _, name in placed]


def _free(middle: float, ends: Sequence[float], scale: Spec) -> float:
    heights = [_height(end, scale) for end in ends]
    return min((abs(middle - height) for height in heights if height is not None), default=math.inf)


def _height(gap: float, scale: Spec) -> float | None:
    """Pixels from the upper edge, None outside of the frame."""
    low, high = scale.get("domain", (0.0, 1.0))
    if not low <= gap <= high:
        return None
    if scale.get("type") == "log":
        low, high, gap = math.log(low), math.log(high), math.log(gap)
    return float(HEIGHT * (high - gap) / (high - low))


def _text(name: Name, y: Spec) -> Spec:
    mark = {"type": "text", "align": "right", "baseline": "middle", "x": "width", "dx": -name.left, "dy": name.down}
    mark |= {"stroke": "var(--ground)", "strokeWidth": 3}  # curves that pass below it do not hide it
    return {
        "data": {"values": [{"y": name.gap, "name": name.text}]},
        "mark": mark,
        "encoding": {"y": y, "text": {"field": "name"}},
    }
