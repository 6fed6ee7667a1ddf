"""Curves and bars of text, by hand."""

from __future__ import annotations

import math

from evolve.insight import anytime, held
from evolve.sparklines import bar, sparkline
from tests.insight.test_run import RUN


def test_sparklines() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7]) == "▁▂▃▄▅▆▇█"
    assert sparkline([10.0, None, 3.0, math.nan, 6.5]) == "█ ▁ ▅"
    assert sparkline([5.0, 5.0]) == "▁▁"
    assert sparkline([None, math.inf]) == "  "
    assert sparkline([]) == ""


def test_bars() -> None:
    assert bar(5, 10, 10) == "█████"
    assert bar(10, 10, 4) == bar(11, 10, 4) == "████"
    assert bar(9, 16, 2) == "█▏"
    assert bar(1e-9, 10, 10) == "▏", "small is not nothing"
    assert bar(0, 10) == bar(-1, 10) == bar(1, 0) == ""


def test_what_a_sparkline_shows_of_a_run() -> None:
    train, validation = held(anytime(RUN, [], []), 7)
    assert train == [50.0, 40.0, 40.0, 40.0, 37.5, 37.5, 30.0], "candidates 0 to 6"
    assert validation == [60.0] * 7
    assert held(anytime(RUN[:2], [], []), 3) == ([50.0] * 3, [60.0] * 3), "a run without a candidate"
