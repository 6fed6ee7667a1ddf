"""Every instance of a split: what a program gains or loses against each baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evaluators.evaluate import InstanceResult
from evolve.review.charts.base import Spec, chart, tooltip

ROW = 24  # pixels


def instances(mine: Sequence[InstanceResult], others: Mapping[str, Sequence[InstanceResult]]) -> Spec:
    """A cell an instance and a baseline, by class; blue where `mine` is better, orange where it is worse."""
    order = sorted(range(len(mine)), key=lambda at: (mine[at].group, at))
    place = {mine[at].instance: rank + 1 for rank, at in enumerate(order)}
    known = {result.instance: result for result in mine}
    rows = [
        {
            "baseline": name,
            "place": place[result.instance],
            "end": place[result.instance] + 1,
            "instance": result.instance,
            "class": result.group,
            "mine": known[result.instance].gap,
            "theirs": result.gap,
            "difference": known[result.instance].gap - result.gap,
        }
        for name, results in others.items()
        for result in results
        if result.instance in known
    ]
    sizes = sorted(abs(float(str(row["difference"]))) for row in rows)
    most = sizes[int(0.95 * (len(sizes) - 1))] if sizes else 1.0
    return chart(
        height=ROW * len(others),
        data={"values": rows},
        mark={"type": "rect", "stroke": None},
        encoding={
            "x": {
                "field": "place",
                "type": "quantitative",
                "title": "instance, sorted by class",
                "scale": {"domain": [1, len(mine) + 1], "nice": False},
                "axis": {"grid": False, "tickMinStep": 1},
            },
            "x2": {"field": "end"},
            "y": {"field": "baseline", "type": "nominal", "sort": list(others), "title": "against"},
            "color": {
                "field": "difference",
                "type": "quantitative",
                "title": "difference in gap",
                "scale": {
                    "domain": [-(most or 1.0), 0, most or 1.0],
                    "range": ["#0072b2", "#e8e8e8", "#d55e00"],
                    "clamp": True,
                },
                "legend": {"orient": "bottom", "gradientLength": 240, "format": "+.3~g"},
            },
            "tooltip": tooltip(
                ("instance", "instance"),
                ("class", "class"),
                ("baseline", "against"),
                ("mine", "gap"),
                ("theirs", "its gap"),
                ("difference", "difference"),
            ),
        },
    )
