"""Inner tuning of constants."""

from __future__ import annotations

from evolve.syntax import constants
from evolve.tuning import tune

SOURCE = "K = 1.5  # first\ndef priority(p, d):\n    return K * p + 4.0 * d\n"


def distance(source: str) -> float | None:
    a, b = (item.value for item in constants(source))
    return None if a > 5 else (a - 0.6) ** 2 + (b - 7) ** 2


def test_constants_approach_the_optimum_and_the_text_stays() -> None:
    tuned = tune(SOURCE, distance, 150, "seed")
    assert tuned.value is not None
    assert tuned.value < 0.01
    assert tuned.value == distance(tuned.source)
    assert "# first" in tuned.source
    assert tuned == tune(SOURCE, distance, 150, "seed")


def test_the_budget_is_kept_and_a_program_is_measured_once() -> None:
    seen: list[str] = []
    tuned = tune(SOURCE, lambda source: (seen.append(source), distance(source))[1], 40, "x")
    assert len(seen) == len(set(seen)) == tuned.evaluations == 40
    assert seen[0] == SOURCE


def test_nothing_to_tune_costs_one_evaluation() -> None:
    tuned = tune("def priority(p):\n    return p\n", lambda source: 1.0, 40, "x")
    assert tuned.evaluations == 1
    assert tuned.value == 1.0


def test_a_program_that_always_fails_comes_back_as_it_was() -> None:
    tuned = tune(SOURCE, lambda source: None, 20, "x")
    assert (tuned.source, tuned.value, tuned.evaluations) == (SOURCE, None, 20)
