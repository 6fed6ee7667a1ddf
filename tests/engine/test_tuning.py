"""Inner tuning of constants: alone, and in the life of a candidate that a model wrote."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from evolve.allocation import MOST
from evolve.syntax import constants
from evolve.tuning import Measure, Tuned, tune
from tests.engine.conftest import Conducted
from tests.engine.test_model_path import options, proposals
from tests.engine.test_model_path import quick_retries as quick_retries
from tests.fakes.openai_server import FakeServer
from tests.fakes.scripts import Step

RULE = "def priority(p, d):\n    return max(d, 2.0 * p) + 0.1 * p\n"


def bowl(*best: float) -> tuple[Measure, list[str]]:
    """A gap that is least at the given constants, and the programs that were asked for."""
    asked: list[str] = []

    async def measure(source: str) -> float | None:
        asked.append(source)
        values = [item.value for item in constants(source)]
        return 1.0 + sum(math.log(value / at) ** 2 for value, at in zip(values, best, strict=True))

    return measure, asked


def tuned(source: str, measure: Measure, evaluations: int = 40, seed: str = "1") -> Tuned:
    first = asyncio.run(measure(source))
    assert first is not None
    return asyncio.run(tune(source, first, measure, evaluations, seed))


def test_finds_better_constants_within_its_budget() -> None:
    measure, asked = bowl(0.5, 0.3)
    made = tuned(RULE, measure, 60)
    assert made.evaluations == 60 == len(asked) - 1
    assert len(set(asked)) == len(asked)
    assert made.gap < 1.05
    assert [item.value for item in constants(made.source)] == pytest.approx([0.5, 0.3], rel=0.4)


def test_the_same_seed_gives_the_same_program_whatever_else_draws() -> None:
    measure, _ = bowl(0.5, 0.3)
    one = tuned(RULE, measure)
    np.random.seed(7)
    assert tuned(RULE, measure) == one
    assert tuned(RULE, measure, seed="2") != one


def test_what_cannot_be_improved_stays_as_it_was() -> None:
    measure, asked = bowl(2.0, 0.1)
    assert tuned(RULE, measure).source == RULE
    assert len(asked) > 20
    plain = "def priority(p):\n    return p\n"
    nothing, asked = bowl()
    assert tuned(plain, nothing) == Tuned(plain, 1.0, 0)
    assert len(asked) == 1


def test_programs_that_fail_are_avoided() -> None:
    async def measure(source: str) -> float | None:
        first = constants(source)[0].value
        return None if first > 2.0 else first

    made = asyncio.run(tune(RULE, 2.0, measure, 40, "1"))
    assert made.gap < 1.5


def test_survivors_are_tuned_and_what_was_proposed_is_kept(
    openai_server: Callable[..., FakeServer], searched: Callable[..., Conducted]
) -> None:
    settings: dict[str, Any] = options(openai_server(), candidates=16, tuning=10)
    ending, archive = searched(**settings)
    made = proposals(archive, ending.run.id)
    changed = [one for one in made if "proposed" in one.note and one.status == "valid"]
    assert changed
    for one in changed:
        assert one.train is not None
        assert one.train < one.note["proposed_gap"]
        assert 0 < one.note["tuning"] <= 10 * MOST
        assert one.syntax != one.note["proposed"]
    plain, archive = searched(**{**settings, "tuning": 0})
    assert not any("proposed" in one.note for one in proposals(archive, plain.run.id))


def test_a_program_that_is_proposed_again_is_not_tuned_again(
    openai_server: Callable[..., FakeServer], searched: Callable[..., Conducted], monkeypatch: pytest.MonkeyPatch
) -> None:
    tunings: list[str] = []

    async def counted(source: str, *more: Any) -> Tuned:
        tunings.append(source)
        return await tune(source, *more)

    monkeypatch.setattr("evolve.life.tune", counted)
    server = openai_server(lambda index, body: Step(text=f"```python\n{RULE}```"))
    ending, archive = searched(**options(server, candidates=6, parallel=1, tuning=10))
    made = proposals(archive, ending.run.id)
    assert [one.status for one in made] == ["valid", *["duplicate"] * 5]
    assert len(tunings) == 1
    assert made[0].train is not None
    assert made[0].train < made[0].note["proposed_gap"]
    assert {one.train for one in made} == {made[0].train}


WRONG_WAY = 'def priority(p, d):\n    """The least urgent first."""\n    return -(d + 2 * p)\n'


@pytest.mark.parametrize("staged", [False, True])
def test_a_rule_that_points_the_wrong_way_is_turned_round(
    openai_server: Callable[..., FakeServer], searched: Callable[..., Conducted], staged: bool
) -> None:
    server = openai_server(lambda index, body: Step(text=f"```python\n{WRONG_WAY}```"))
    settings: dict[str, Any] = options(server, candidates=4, parallel=1, tuning=4, staged=staged)
    ending, archive = searched(**settings)
    first, *others = proposals(archive, ending.run.id)
    assert first.note["reversed"]
    assert first.source == WRONG_WAY.replace("-(d + 2 * p)", "(d + 2 * p)")
    assert first.thought == "The reverse of: The least urgent first."
    assert first.train is not None
    if staged:  # the race was lost after the first stage
        assert first.note["proposed_gap"] is None
        assert 1 < first.evaluations - first.note.get("tuning", 0) < 2
    else:
        assert first.train < first.note["proposed_gap"]
        assert first.evaluations == 2 + first.note.get("tuning", 0)
    assert {(one.status, one.train, one.source) for one in others} == {("duplicate", first.train, WRONG_WAY)}
    plain, archive = searched(**{**settings, "tuning": 0})
    first, *_ = proposals(archive, plain.run.id)
    assert first.source == WRONG_WAY
    assert first.status == ("outraced" if staged else "valid")
    assert "reversed" not in first.note


def test_a_rule_that_loses_the_race_both_ways_stays_as_it_was(
    openai_server: Callable[..., FakeServer], searched: Callable[..., Conducted], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evolve.life.reversed_rule", lambda source: source.replace("2 * p", "3 * p"))
    server = openai_server(lambda index, body: Step(text=f"```python\n{WRONG_WAY}```"))
    ending, archive = searched(**options(server, candidates=1, tuning=4, staged=True))
    (only,) = proposals(archive, ending.run.id)
    assert (only.status, only.source, only.train) == ("outraced", WRONG_WAY, None)
    assert "reversed" not in only.note
    assert 0 < only.evaluations < 2  # neither was played to the end
