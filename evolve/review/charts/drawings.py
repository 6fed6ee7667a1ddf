"""Two drawings of one instance above each other, on one horizontal axis that zooms and moves for both.

Boxes in lanes (machines, servers, zones), boxes on a map (memory), lines, and networks: whatever evaluators draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from evaluators.drawing import Box, Drawing
from evolve.review.charts.base import Spec, tooltip

LANE = 26  # pixels
MAP = 260
WIDTH, LETTER = 1000, 6.2  # pixels: a label is shown where it fits into its box
KINDS = 8


def drawings(shown: Sequence[tuple[str, Drawing]], parted: float | None) -> Spec:
    """(title, drawing) pairs from above; `parted`: where on the horizontal axis they begin to differ."""
    ends = [_ends(drawing) for _, drawing in shown]
    domain = [min(low for low, _ in ends), max(high for _, high in ends)]
    kinds = _kinds([drawing for _, drawing in shown])
    heights = [end for _, drawing in shown for end in _heights(drawing)]
    vertical = [min(heights, default=0.0), max(heights, default=1.0)]
    panels = [_panel(title, drawing, domain, vertical, kinds, parted) for title, drawing in shown]
    spec: Spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "vconcat": panels,
        "resolve": {"scale": {"color": "shared", "size": "shared", "strokeWidth": "shared"}},
    }
    if not any(drawing.nodes for _, drawing in shown):
        moved = {"name": "zoom", "select": {"type": "interval", "encodings": ["x"]}, "bind": "scales"}
        for at, panel in enumerate(panels):
            panel["layer"][0]["name"] = f"panel{at}"
        spec["params"] = [{**moved, "views": [f"panel{at}" for at in range(len(panels))]}]
    return spec


def _panel(
    title: str,
    drawing: Drawing,
    domain: list[float],
    vertical: list[float],
    kinds: Sequence[str],
    parted: float | None,
) -> Spec:
    x: Spec = {
        "type": "quantitative",
        "title": drawing.x,
        "scale": {"domain": domain, "nice": False, "zero": False},
        "axis": {"grid": not drawing.nodes},
    }
    y: Spec = {"type": "quantitative", "title": drawing.y, "scale": {"domain": vertical, "nice": False}}
    if drawing.nodes:
        x, y = {**x, "axis": None}, {**y, "axis": None}
    layers: list[Spec] = []
    if drawing.lanes:
        y = {
            "type": "nominal",
            "title": drawing.y,
            "sort": list(drawing.lanes),
            "scale": {"domain": list(drawing.lanes)},
        }
    if drawing.links:
        layers.append(_links(drawing, x, y))
    if drawing.boxes:
        layers += _boxes(drawing, x, y, domain, kinds)
    if drawing.lines:
        layers.append(_lines(drawing, x, y))
    if drawing.nodes:
        layers += _nodes(drawing, x, y)
    marked = {"where they begin to differ": parted, "limit": drawing.due}
    start = domain[0]  # a line there would be hidden by the axis
    uprights = {name: at for name, at in marked.items() if at is not None and at > start and not drawing.nodes}
    layers += [_upright(at, name, x) for name, at in uprights.items()]
    if drawing.limit is not None:
        limit = {"data": {"values": [{"y": drawing.limit}]}, "mark": {"type": "rule", "strokeDash": [6, 3]}}
        layers.append({**limit, "encoding": {"y": {**y, "field": "y"}, "tooltip": {"value": "capacity"}}})
    height: Any = {"step": LANE} if drawing.lanes else MAP
    said = [f"dashed: {name} ({at:.4g})" for name, at in uprights.items()]
    said += ["they differ from the start"] if parted is not None and parted <= start and not drawing.nodes else []
    said += [f"level, dashed: limit ({drawing.limit:.4g})"] if drawing.limit is not None else []
    heading = {"text": title, **({"subtitle": "; ".join(said)} if said else {})}
    return {"title": heading, "height": height, "layer": layers}


def _boxes(drawing: Drawing, x: Spec, y: Spec, domain: list[float], kinds: Sequence[str]) -> list[Spec]:
    rows = [_row(box, set(kinds)) for box in drawing.boxes]
    encoding: Spec = {"x": {**x, "field": "start"}, "x2": {"field": "end"}}
    if drawing.lanes:
        encoding["y"] = {**y, "field": "lane"}
    else:
        encoding |= {"y": {**y, "field": "low"}, "y2": {"field": "high"}}
    # A box without a kind has its label's colour, and labels are too many for a legend.
    colour: Spec = {"field": "colour", "type": "nominal", "title": None}
    colour["legend"] = {"orient": "top", "values": list(kinds), "columns": 4} if kinds else None
    if any(not box.kind for box in drawing.boxes):
        colour["scale"] = {"scheme": "tableau20"}
    shown = [("label", "what"), ("kind", "kind"), ("lane", drawing.y), ("start", "from"), ("end", "to")]
    if not drawing.lanes:
        shown[2:3] = [("low", "lower edge"), ("high", "upper edge")]
    mark: Spec = {"type": "rect", "clip": True, **({"height": {"band": 0.86}} if drawing.lanes else {})}
    layers: list[Spec] = [
        {
            "data": {"values": rows},
            "mark": {**mark, "stroke": "white", "strokeWidth": 0.6},
            "encoding": {**encoding, "color": colour, "tooltip": tooltip(*shown)},
        }
    ]
    if marks := [row for row in rows if row["start"] == row["end"]]:  # moments: as wide as can be seen
        layers.append(
            {
                "data": {"values": marks},
                "mark": {"type": "tick", "thickness": 2, "clip": True},
                "encoding": {"x": encoding["x"], "y": encoding["y"], "color": colour, "tooltip": tooltip(*shown)},
            }
        )
    scale = WIDTH / (domain[1] - domain[0])
    wide = [
        row for row in rows if row["label"] and (row["end"] - row["start"]) * scale > LETTER * len(row["label"]) + 4
    ]
    if wide and len(rows) <= 1500:
        middle = {"x": {**x, "field": "middle"}, "y": {**y, "field": "lane" if drawing.lanes else "centre"}}
        text = {"type": "text", "color": "black", "fontSize": 10, "clip": True, "tooltip": None}
        layers.append({"data": {"values": wide}, "mark": text, "encoding": {**middle, "text": {"field": "label"}}})
    return layers


def _row(box: Box, kinds: set[str]) -> dict[str, Any]:
    return {
        "start": box.start,
        "end": box.end,
        "middle": (box.start + box.end) / 2,
        "lane": box.lane,
        "low": box.low,
        "high": box.high,
        "centre": (box.low + box.high) / 2,
        "label": box.label,
        "kind": box.kind,
        "colour": (box.kind if box.kind in kinds else "others") if box.kind else box.label,
    }


def _lines(drawing: Drawing, x: Spec, y: Spec) -> Spec:
    rows = [{"x": px, "y": py, "line": line.name} for line in drawing.lines for px, py in line.points]
    stepped = "step-after" if all(line.stepped for line in drawing.lines) else "linear"
    if drawing.lanes:  # a second axis, of numbers
        y = {
            "type": "quantitative",
            "title": ", ".join(line.name for line in drawing.lines),
            "axis": {"orient": "right"},
        }
    what = {"field": "line", "type": "nominal", "title": None, "legend": {"orient": "top"}}
    shown = tooltip(("line", "line"), ("x", drawing.x), ("y", "value"))
    return {
        "data": {"values": rows},
        "mark": {"type": "line", "interpolate": stepped, "clip": True},
        "encoding": {
            "x": {**x, "field": "x"},
            "y": {**y, "field": "y"},
            "color": what,
            "strokeDash": what,
            "tooltip": shown,
        },
    }


def _links(drawing: Drawing, x: Spec, y: Spec) -> Spec:
    place = {node.name: node for node in drawing.nodes}
    rows = [
        {
            "x": place[link.start].x,
            "y": place[link.start].y,
            "x2": place[link.end].x,
            "y2": place[link.end].y,
            "from": link.start,
            "to": link.end,
            "weight": link.weight,
            "label": link.label,
            "kind": link.kind,
        }
        for link in drawing.links
        if link.start in place and link.end in place
    ]
    weight: Spec = {"field": "weight", "type": "quantitative", "title": drawing.weight or None}
    weight |= {"scale": {"range": [0.8, 8]}, "legend": {"orient": "right"} if drawing.weight else None}
    shown = tooltip(
        ("from", "from"), ("to", "to"), ("weight", drawing.weight or "weight"), ("label", "what"), ("kind", "kind")
    )
    encoding: Spec = {
        "x": {**x, "field": "x"},
        "x2": {"field": "x2"},
        "y": {**y, "field": "y"},
        "y2": {"field": "y2"},
        "strokeWidth": weight,
        "tooltip": shown,
    }
    if any(link.kind for link in drawing.links):
        encoding["color"] = {"field": "kind", "type": "nominal", "title": None, "legend": {"orient": "top"}}
    return {"data": {"values": rows}, "mark": {"type": "rule", "opacity": 0.75}, "encoding": encoding}


def _nodes(drawing: Drawing, x: Spec, y: Spec) -> list[Spec]:
    rows = [{"x": node.x, "y": node.y, "name": node.name, "kind": node.kind} for node in drawing.nodes]
    at: Spec = {"x": {**x, "field": "x"}, "y": {**y, "field": "y"}}
    dot: Spec = {**at, "tooltip": tooltip(("name", "node"), ("kind", "kind"))}
    if any(node.kind for node in drawing.nodes):
        dot["shape"] = {"field": "kind", "type": "nominal", "title": None, "legend": {"orient": "top"}}
    layers: list[Spec] = [
        {"data": {"values": rows}, "mark": {"type": "point", "filled": True, "size": 90, "opacity": 1}, "encoding": dot}
    ]
    if len(rows) <= 80:
        name = {"data": {"values": rows}, "mark": {"type": "text", "dy": -11, "fontSize": 10}}
        layers.append({**name, "encoding": {**at, "text": {"field": "name"}}})
    return layers


def _upright(at: float, name: str, x: Spec) -> Spec:
    rule = {"type": "rule", "strokeWidth": 1.5, "strokeDash": [4, 2], "clip": True}
    place = {"x": {**x, "field": "at"}, "tooltip": {"field": "name"}}
    return {"data": {"values": [{"at": at, "name": name}]}, "mark": rule, "encoding": place}


def _kinds(shown: Sequence[Drawing]) -> list[str]:
    """Kinds that get a colour, the most frequent ones; none where boxes are coloured by label."""
    found = [box.kind for drawing in shown for box in drawing.boxes if box.kind]
    return sorted(set(found), key=lambda kind: (-found.count(kind), kind))[:KINDS]


def _ends(drawing: Drawing) -> tuple[float, float]:
    values = [end for box in drawing.boxes for end in (box.start, box.end)]
    values += [px for line in drawing.lines for px, _ in line.points] + [node.x for node in drawing.nodes]
    values += [] if drawing.due is None else [drawing.due]
    low, high = min(values, default=0.0), max(values, default=1.0)
    margin = 0.06 * (high - low) if drawing.nodes else 0.0
    return low - margin, high + margin


def _heights(drawing: Drawing) -> list[float]:
    if drawing.lanes:
        return []
    values = [end for box in drawing.boxes for end in (box.low, box.high)]
    values += [py for line in drawing.lines for _, py in line.points] + [node.y for node in drawing.nodes]
    values += [] if drawing.limit is None else [drawing.limit]
    if drawing.nodes and values:
        margin = 0.08 * (max(values) - min(values)) or 1.0
        values += [min(values) - margin, max(values) + margin]
    return values
