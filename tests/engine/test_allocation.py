"""How calls and evaluations are split, and who writes the next candidate."""

from __future__ import annotations

from typing import Any

from evolve.allocation import LEAST, MOST, PILOTS, Allocation
from evolve.lanes import BACKLOG, Lanes
from evolve.records import Candidate


def told(status: str, model: str = "m", **note: Any) -> Candidate:
    return Candidate("r-1", "r", 1, "mutate", "openai", status, model=model, note=note)  # type: ignore[arg-type]


def test_repairs_that_mend_nothing_are_given_up_for_that_model_only() -> None:
    allocation = Allocation(repairs=1, tuning=0)
    for _ in range(PILOTS):
        assert allocation.share("m")["repairs"] == 1
        allocation.tell(told("valid"))
        allocation.tell(told("invalid", repaired=1))
    assert allocation.share("m")["repairs"] == 0
    assert allocation.share("another")["repairs"] == 1


def test_repairs_that_mend_go_on() -> None:
    allocation = Allocation(repairs=1, tuning=0)
    for _ in range(3 * PILOTS):
        allocation.tell(told("valid"))
        allocation.tell(told("valid", repaired=1))
    assert allocation.share("m")["repairs"] == 1


def test_tuning_gets_what_it_earns() -> None:
    poor, good = Allocation(repairs=1, tuning=40), Allocation(repairs=1, tuning=40)
    for _ in range(20):
        poor.tell(told("valid", tuning=40, tuned=False))
        good.tell(told("valid", tuning=40, tuned=True))
    assert poor.share("m")["tune"] == 40 * LEAST
    assert good.share("m")["tune"] > 40
    assert good.share("m")["tune"] <= 40 * MOST
    assert Allocation(repairs=1, tuning=40).share("m")["tune"] == 40


def test_the_mutator_gets_its_share_beside_the_model() -> None:
    lanes = Lanes("openai", 2, "mutator", 3, 4)
    assert lanes.free()
    assert not lanes.due(), "first the model"
    lanes.asked("openai")
    for _ in range(3):
        assert lanes.due()
        lanes.asked("mutator")
    assert not lanes.due(), "no room"
    lanes.told("mutator")
    lanes.asked("mutator")
    lanes.told("mutator")
    assert not lanes.due(), "four for each of the model's"
    assert lanes.free()
    lanes.asked("openai")
    assert not lanes.free()
    assert lanes.due()
    lanes.told("openai")
    assert lanes.free()


def test_a_model_that_is_faster_than_the_evaluators_does_not_pile_up_mutations() -> None:
    lanes = Lanes("openai", 1, "mutator", 1, 4)
    for _ in range(50):
        lanes.asked("openai")
        lanes.told("openai")
    count = 0
    while lanes.due():
        lanes.asked("mutator")
        lanes.told("mutator")
        count += 1
    assert count == 4 * BACKLOG


def test_alone_the_proposer_has_all_lanes() -> None:
    lanes = Lanes("mutator", 2)
    lanes.asked("mutator")
    assert lanes.free()
    assert not lanes.due()
    lanes.asked("mutator")
    assert not lanes.free()
