"""Every candidate by when it came and how good it is, with lines from parents to children."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evolve.archive.browsing import Glimpse
from evolve.review.charts.base import Link, Spec, chart, gap_scale, tooltip

MOST = 1500  # nodes; above this the best ones and the champion's ancestors
KINDS = 8  # colours


def lineage(
    candidates: Sequence[Glimpse],
    parents: Mapping[str, Sequence[str]],
    line: Sequence[str],
    link: Link,
) -> Spec:
    """`line`: the champion and its ancestors. Candidates without a gap on train stand at the upper edge."""
    shown = _chosen(candidates, line)
    gaps = sorted(one.gap_train for one in shown if one.gap_train is not None)
    # The worst fifth is not what one looks for, and would flatten the rest.
    scale = gap_scale(gaps[: max(2, int(0.8 * len(gaps)))])
    low, top = scale.get("domain", (0.0, 1.0))

    def height(one: Glimpse) -> float:
        return float(max(low, min(top, one.gap_train))) if one.gap_train is not None else float(top)

    by_id = {one.id: one for one in shown}
    on_line = set(line)
    operators, writers = _common([one.operator for one in shown]), _common([one.by for one in shown])
    nodes = [
        {
            "candidate": one.name or one.id,
            "number": max(one.number, 0),
            "y": height(one),
            "gap": one.gap_train,
            "validation": one.gap_validation,
            "status": one.status,
            "operator": operators.get(one.operator, "others"),
            "writer": writers.get(one.by, "others"),
            "line": one.id in on_line,
            "href": link(f"/candidates/{one.id}"),
        }
        for one in shown
    ]
    edges = [
        {
            "x": max(by_id[parent].number, 0),
            "y": height(by_id[parent]),
            "x2": one.number,
            "y2": height(one),
            "line": one.id in on_line and parent in on_line,
        }
        for one in shown
        for parent in parents.get(one.id, ())[-1:]
        if parent in by_id
    ]
    end = max([one.number for one in shown], default=1)
    order = {"domain": [0, max(1, end)], "nice": False, "padding": 6}
    x = {"field": "number", "type": "quantitative", "title": "candidate, in order of proposal", "scale": order}
    y = {"type": "quantitative", "title": "gap on train (above the edge: worse, or failed)", "scale": scale}
    coloured = {
        "field": "colour",
        "type": "nominal",
        "title": None,
        "legend": {"orient": "top", "columns": 4, "symbolType": "circle"},
    }
    hints = tooltip(
        ("candidate", "candidate"),
        ("operator", "operator"),
        ("writer", "by"),
        ("status", "status"),
        ("gap", "gap on train"),
        ("validation", "gap on validation"),
    )
    return chart(
        height=420,
        params=[
            {
                "name": "colour_by",
                "value": "operator",
                "bind": {"input": "radio", "options": ["operator", "writer"], "name": "colour by "},
            },
        ],
        layer=[
            {
                "data": {"values": edges},
                "mark": {"type": "rule", "clip": True},
                "encoding": {
                    "x": {**x, "field": "x"},
                    "x2": {"field": "x2"},
                    "y": {**y, "field": "y"},
                    "y2": {"field": "y2"},
                    "strokeWidth": {"condition": {"test": "datum.line", "value": 2.5}, "value": 0.6},
                    "opacity": {"condition": {"test": "datum.line", "value": 1}, "value": 0.35},
                },
            },
            {
                "data": {"values": nodes},
                "transform": [{"calculate": "colour_by == 'operator' ? datum.operator : datum.writer", "as": "colour"}],
                "mark": {"type": "point", "filled": True, "clip": False, "cursor": "pointer"},
                "encoding": {
                    "x": x,
                    "y": {**y, "field": "y"},
                    "color": coloured,
                    "shape": {
                        "condition": {"test": "datum.status == 'valid'", "value": "circle"},
                        "value": "cross",
                    },
                    "size": {"condition": {"test": "datum.line", "value": 110}, "value": 42},
                    "opacity": {"condition": {"test": "datum.status == 'valid'", "value": 0.95}, "value": 0.45},
                    "href": {"field": "href"},
                    "tooltip": hints,
                },
            },
        ],
    )


def _chosen(candidates: Sequence[Glimpse], line: Sequence[str]) -> list[Glimpse]:
    mine = [one for one in candidates if one.number >= 0 and one.status != "pending"]
    if len(mine) <= MOST:
        return mine
    ranked = sorted(mine, key=lambda one: (one.id not in line, one.gap_train is None, one.gap_train or 0.0))
    return sorted(ranked[:MOST], key=lambda one: one.number)


def _common(names: Sequence[str]) -> dict[str, str]:
    """The most frequent names, as many as there are colours."""
    counts = {name: names.count(name) for name in set(names)}
    most = KINDS if len(counts) <= KINDS else KINDS - 1
    return {name: name for name in sorted(counts, key=lambda name: (-counts[name], name))[:most]}
