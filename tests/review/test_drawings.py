"""What a picture says of its dashed lines."""

from __future__ import annotations

from typing import Any

import pytest

from evaluators.drawing import Box, Drawing
from evolve.review.charts.drawings import drawings


def panel(parted: float | None, **more: Any) -> tuple[str, list[float]]:
    """A panel's subtitle, and where its upright lines are."""
    boxes = (Box(2.0, 5.0, lane="machine 0", label="job 1"), Box(5.0, 9.0, lane="machine 0", label="job 0"))
    drawing = Drawing("time, h", "machine", boxes, lanes=("machine 0",), **more)
    [made] = drawings([("mdd: cost 3", drawing)], parted)["vconcat"]
    rules = [layer["data"]["values"][0] for layer in made["layer"] if layer["mark"]["type"] == "rule"]
    return made["title"].get("subtitle", ""), [rule["at"] for rule in rules if "at" in rule]


@pytest.mark.parametrize(
    ("parted", "more", "says", "lines"),
    [
        (None, {}, "", []),
        (5.0, {}, "dashed: where they begin to differ (5)", [5.0]),
        (2.0, {}, "they differ from the start", []),
        (2.0, {"due": 8.0}, "dashed: limit (8); they differ from the start", [8.0]),
        (None, {"limit": 64.0}, "level, dashed: limit (64)", []),
    ],
)
def test_a_heading_names_each_line(parted: float | None, more: dict[str, Any], says: str, lines: list[float]) -> None:
    assert panel(parted, **more) == (says, lines)
