"""The picture of a run: which baselines have a line, which a name, and where names stand."""

from __future__ import annotations

from typing import Any

import pytest

from evolve.insight import Step
from evolve.review.charts.anytime import LETTER, LINE, MARK, Name, anytime, names_of
from evolve.review.charts.base import HEIGHT

LOG = {"type": "log", "domain": [1.0, 1000.0]}
LINEAR = {"domain": [0.0, 300.0]}  # a pixel is one


def texts(names: list[Name]) -> list[str]:
    return [name.text for name in names]


def test_names_are_apart_on_a_logarithmic_scale() -> None:
    """2 and 3 are 18 pixels apart there, and less than one on a linear one."""
    rules = {"a": 2.0, "b": 3.0, "c": 3.1, "d": 900.0, "outside": 1001.0, "below": 0.5}
    assert texts(names_of(rules, LOG)) == ["a", "b", "d"]
    assert texts(names_of(rules, {"domain": [0.0, 1000.0]})) == ["below", "d"]


def test_the_best_and_the_papers_rule_are_always_named() -> None:
    rules = {"best": 100.0, "near": 103.0, "paper": 105.0, "other": 130.0}
    names = names_of(rules, LINEAR, ["best", "paper"])
    assert texts(names) == ["best", "paper", "other"]
    assert [name.left for name in names] == [0, LETTER * len("best"), 0]
    assert texts(names_of(rules, LINEAR, ["best", None, "best"])) == ["best", "other"]


def test_no_name_is_cut_by_the_frame() -> None:
    for gap in (0.0, 1.0, 150.0, 290.0, 295.0, 300.0):
        (name,) = names_of({"rule": gap}, LINEAR)
        middle = HEIGHT - gap + name.down
        assert LINE / 2 <= middle <= HEIGHT - LINE / 2, gap


def test_the_champion_is_named_first() -> None:
    names = names_of({"best": 101.0, "other": 103.0}, LINEAR, ["best"], ("x-7", 100.0))
    assert texts(names) == ["champion x-7", "best"]
    assert [name.left for name in names] == [MARK, MARK + LETTER * len("champion x-7")]


@pytest.mark.parametrize(("end", "below"), [(110.0, True), (90.0, False)])
def test_the_champions_name_is_away_from_the_curves(end: float, below: bool) -> None:
    (name,) = names_of({}, LINEAR, (), ("x-7", 100.0), [end, 299.0])
    assert (name.down > 0) == below


@pytest.mark.parametrize("champion", [None, ("x-7", 0.4)])
def test_every_line_in_the_frame_is_drawn(champion: tuple[str, float] | None) -> None:
    steps = [
        Step("x-1", 5, 0, 0, 0.0, 4.0, 0.5, 100.0, 110.0),
        Step("x-3", 50, 0, 0, 0.0, 40.0, 5.0, 1.0, 2.0),
    ]
    rules = {"best": 1.5, "same": 1.5, "near": 1.52, "worse": 70.0, "far": 9000.0}
    spec = anytime(steps, "candidates", "candidates", rules, "near", champion)
    layers: list[dict[str, Any]] = spec["layer"]
    (lines,) = (one["data"]["values"] for one in layers if one["mark"]["type"] == "rule")
    assert [line["baseline"] for line in lines] == ["best", "same", "near", "worse"]
    (marks,) = (one["data"]["values"] for one in layers if one["mark"].get("shape") == "diamond")
    assert marks == ([{"x": 50.0, "y": 0.4, "champion": "x-7"}] if champion else [])
    low, high = layers[0]["encoding"]["y"]["scale"]["domain"]
    assert low <= (0.4 if champion else 1.5) <= high


@pytest.mark.parametrize(("axis", "whole"), [("calls", True), ("candidates", True), ("seconds", False)])
def test_counts_have_whole_ticks(axis: str, whole: bool) -> None:
    steps = [Step("x-1", 1, 1, 0, 0.0, 1.0, 0.5, 100.0, 110.0), Step("x-2", 2, 2, 0, 0.0, 2.0, 1.0, 50.0, 60.0)]
    layers: list[dict[str, Any]] = anytime(steps, axis, axis, {})["layer"]
    axes = [layer["encoding"]["x"]["axis"] for layer in layers if "x" in layer["encoding"]]
    assert axes
    assert {ticks.get("tickMinStep") for ticks in axes} == {1 if whole else None}
