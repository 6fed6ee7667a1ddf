"""Profiles against hand-computed cases, and what holds for all."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolve.bench.profiles import performance_profile, ratios, target_profile


def runs_of(*rows: tuple[str, str, int, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["problem", "name", "seed", "test"])


def share(profile: pd.DataFrame, name: str, column: str, place: float) -> float:
    of_one = profile[(profile["name"] == name) & (profile[column] <= place)]
    return float(of_one["share"].iloc[-1])


def test_performance_by_hand() -> None:
    runs = runs_of(
        ("p", "a", 0, 0.0), ("p", "b", 0, 10.0), ("p", "a", 1, 65.0), ("p", "b", 1, 50.0),
        ("q", "a", 0, -50.0), ("q", "b", 0, math.nan),
    )  # fmt: skip
    assert ratios(runs)["ratio"].tolist() == pytest.approx([1, 1.1, 1.1, 1, 1, math.inf])
    profile = performance_profile(runs)
    assert share(profile, "a", "tau", 1.0) == pytest.approx(2 / 3)
    assert share(profile, "b", "tau", 1.0) == pytest.approx(1 / 3)
    assert share(profile, "a", "tau", 1.2) == 1
    assert share(profile, "b", "tau", 1.2) == pytest.approx(2 / 3)  # the failed run never comes in


def test_gaps_below_minus_one_hundred_are_shifted_further() -> None:
    runs = runs_of(("p", "a", 0, -500.0), ("p", "b", 0, -499.0))
    assert ratios(runs)["ratio"].tolist() == [1, 2]


def test_targets_by_hand() -> None:
    runs = runs_of(("p", "a", 0, 0), ("p", "a", 1, 0), ("p", "b", 0, 0), ("p", "b", 1, 0))
    profile = target_profile(runs.assign(to_target_calls=[5, math.nan, 7, 0]), "calls")
    assert [share(profile, "a", "calls", place) for place in (0, 5, 100)] == [0, 0.5, 0.5]
    assert [share(profile, "b", "calls", place) for place in (0, 6.9, 7)] == [0.5, 0.5, 1]


GAPS = st.one_of(st.just(math.nan), st.floats(-1e6, 1e6))
RUNS = st.lists(
    st.tuples(st.sampled_from("pqr"), st.sampled_from("abc"), st.integers(0, 2), GAPS),
    min_size=1,
    unique_by=lambda row: row[:3],
)


@given(RUNS)
def test_profiles_rise_from_zero_to_one(rows: list[tuple[str, str, int, float]]) -> None:
    runs = runs_of(*rows)
    for profile, column in (
        (performance_profile(runs), "tau"),
        (target_profile(runs.assign(to_target_calls=runs["test"].abs()), "calls"), "calls"),
    ):
        assert profile["share"].between(0, 1).all()
        for name, of_one in profile.groupby("name"):
            assert of_one[column].is_monotonic_increasing
            assert of_one["share"].is_monotonic_increasing
            measured = runs[runs["name"] == name]["test"].notna().mean()
            assert of_one["share"].iloc[-1] == pytest.approx(measured)
    # Somebody is the best of each pair on which anybody ran.
    found = ratios(runs)
    ran = found[found["test"].notna()].groupby(["problem", "seed"])["ratio"].min()
    assert (ran == 1).all()
