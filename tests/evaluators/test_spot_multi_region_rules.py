"""Several regions: moves, bills and labels by hand; what crosses and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.clouds.spot_instances import Case
from evaluators.clouds.spot_multi_region import SpotMultiRegion
from evaluators.clouds.spot_run import Job, Market
from evaluators.protocol import Illegal, Instance, Labels, Outcome

EVALUATOR = SpotMultiRegion()


class Unchanged(Labels):
    """Regions by their true indices."""

    def permutation(self, kind: str, size: int) -> list[int]:
        return list(range(size))


def case(up: list[str], price: list[list[float]], work: int, slots: int, overhead: int) -> Instance:
    bits = [[bit == "1" for bit in row] for row in up]
    return Instance("case", "case", Case(Job(work, slots * 600, overhead, 600, 3.0), Market(bits, price)))


def play(instance: Instance, choose: Any, labels: Labels | None = None) -> tuple[Outcome, list[dict[str, Any]]]:
    episode = EVALUATOR.episode(instance, labels or Unchanged(0, instance))
    seen: list[dict[str, Any]] = []
    try:
        obs = next(episode)
        while True:
            seen.append(dict(obs))
            obs = episode.send(choose(obs))
    except StopIteration as stop:
        outcome: Outcome = stop.value
        return outcome, seen


def script(*answers: tuple[str, int]) -> Any:
    left = iter(answers)
    return lambda obs: next(left, ("none", 0))


def test_every_slot_is_billed_where_and_when_it_runs() -> None:
    """Region 0 at 0.6, 1.2 $/h in slots 0 and 1; region 1 at 1.8 $/h in slot 2: 0.1 + 0.2 + 0.3 $."""
    instance = case(["1" * 9] * 2, [[0.6, 1.2] + [9.0] * 7, [9.0, 9.0, 1.8] + [9.0] * 6], 1800, 8, 0)
    outcome, _ = play(instance, script(("spot", 0), ("spot", 0), ("spot", 1)))
    assert outcome.cost == pytest.approx(0.6)
    assert outcome.decisions == [("s", 0), ("s", 0), ("s", 1)]


def test_a_move_costs_an_overhead_even_from_a_machine_that_works() -> None:
    """420 s in region 0, 420 s and 600 s in region 1, then 420 s on demand there and 420 s on demand elsewhere."""
    instance = case(["1" * 20] * 2, [[1.0] * 20] * 2, 2280, 19, 180)
    answers = [("spot", 0), ("spot", 1), ("spot", 1), ("on_demand", 1), ("on_demand", 0)]
    outcome, seen = play(instance, script(*answers))
    assert [obs["work_left"] for obs in seen] == [2280, 1860, 1440, 840, 420]
    assert [(obs["last"], obs["region"]) for obs in seen] == [("none", -1), *answers[:4]]
    assert outcome.metrics["launches"] == 4


def test_a_preemption_is_that_of_the_region_that_runs() -> None:
    """Region 1 loses its machines in slot 1, region 0 keeps them: a machine in region 1 is gone, a start idles."""
    instance = case(["1" * 12, "10" + "1" * 10], [[1.0] * 12] * 2, 1200, 11, 180)
    outcome, seen = play(instance, script(("spot", 1), ("spot", 1), ("spot", 1), ("spot", 1)))
    assert outcome.decisions == [("s", 1), ("n", 0), ("s", 1), ("s", 1)]
    assert seen[1]["available"] == [True, False]
    assert outcome.metrics["preemptions"] == 1
    other, _ = play(instance, script(("spot", 0), ("spot", 0), ("spot", 0)))
    assert (other.metrics["launches"], other.metrics["preemptions"]) == (1, 0)


def test_the_run_ends_with_the_work() -> None:
    instance = case(["1" * 9], [[3.0] * 9], 600, 8, 0)
    outcome, seen = play(instance, lambda obs: ("spot", 0))
    assert (len(seen), outcome.cost) == (1, 0.5)


def test_the_guard_runs_on_demand_where_the_last_machine_was() -> None:
    """Overhead of a slot and one slot of work, 6 slots. Spot in region 1 in slot 3 does no work, slot 4 is guarded."""
    instance = case(["0000000", "0001000"], [[1.0] * 7] * 2, 600, 6, 600)
    outcome, _ = play(instance, script(*[("none", 0)] * 3, ("spot", 1)))
    assert outcome.decisions == [("n", 0)] * 3 + [("s", 1), ("o", 1), ("o", 1)]


def test_regions_are_dealt_out_anew() -> None:
    """Each region by its price; the answer comes back as the true region."""
    price = [[float(r)] * 12 for r in range(1, 6)]
    instance = case(["1" * 12] * 5, price, 600, 11, 0)
    orders = set()
    for seed in range(6):
        outcome, seen = play(instance, lambda obs: ("spot", obs["prices"].index(3.0)), Labels(seed, instance))
        assert outcome.decisions == [("s", 2)]
        orders.add(tuple(seen[0]["prices"]))
    assert len(orders) > 3
    assert {tuple(sorted(order)) for order in orders} == {(1.0, 2.0, 3.0, 4.0, 5.0)}


def test_the_region_is_told_as_it_is_labelled() -> None:
    instance = case(["1" * 12] * 5, [[1.0] * 12] * 5, 1800, 11, 0)
    for seed in range(4):
        _, seen = play(instance, lambda obs: ("spot", 3), Labels(seed, instance))
        assert [obs["region"] for obs in seen] == [-1, 3, 3]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("spot", "slot 0: decide returned a str; it must return a pair"),
        (None, "slot 0: decide returned a NoneType"),
        (["spot"], "slot 0: decide returned 1 items"),
        (("spot", 0, 1), "slot 0: decide returned 3 items"),
        ({"action": "spot", "region": 0}, "slot 0: decide returned a dict"),
        ((0, "spot"), "the action is a int"),
        (("buy", 0), "the action is 'buy'"),
        (("spot", True), "the region is a bool"),
        (("spot", 1.0), "the region is a float"),
        (("spot", None), "the region is a NoneType"),
        (("spot", -1), "region -1 does not exist; regions are numbered 0 to 1"),
        (("on_demand", 2), "region 2 does not exist"),
    ],
)
def test_other_answers_are_refused(answer: Any, reason: str) -> None:
    with pytest.raises(Illegal, match=reason):
        play(case(["1" * 9] * 2, [[1.0] * 9] * 2, 600, 8, 0), lambda obs: answer)


def test_the_region_of_an_idle_slot_is_not_looked_at() -> None:
    outcome, _ = play(case(["1" * 9], [[1.0] * 9], 600, 8, 0), script(("none", -1), ("none", None), ("spot", 0)))
    assert outcome.decisions == [("n", 0), ("n", 0), ("s", 0)]


@st.composite
def cases(draw: Any) -> Instance:
    regions, overhead = draw(st.integers(1, 4)), draw(st.sampled_from([0, 180, 600, 900, 1800]))
    work = draw(st.integers(1, 20)) * 300
    slots = -(-(work + overhead) // 600) + draw(st.integers(1, 12))
    up = [
        "".join(draw(st.lists(st.sampled_from("01"), min_size=slots + 1, max_size=slots + 1))) for _ in range(regions)
    ]
    price = [[draw(st.floats(0.5, 3.0)) for _ in range(2)] * slots for _ in range(regions)]
    return case(up, [row[: slots + 1] for row in price], work, slots, overhead)


answers = st.lists(st.tuples(st.sampled_from(["none", "spot", "on_demand"]), st.integers(0, 3)), max_size=40)


def clipped(given_answers: list[tuple[str, int]]) -> Any:
    left = iter(given_answers)

    def choose(obs: dict[str, Any]) -> tuple[str, int]:
        action, region = next(left, ("none", 0))
        return action, region % len(obs["prices"])

    return choose


@given(cases(), answers, st.integers(0, 5))
@settings(max_examples=150, deadline=None)
def test_any_legal_answers_finish_in_time_and_are_billed_by_the_slot(
    instance: Instance, given_answers: list[tuple[str, int]], seed: int
) -> None:
    outcome, _ = play(instance, clipped(given_answers), Labels(seed, instance))
    job, market = instance.data.job, instance.data.market
    bill, work, paid = 0.0, job.work, 0
    running: tuple[str, int] | None = None
    for k, (action, region) in enumerate(outcome.decisions):
        if running and running[0] == "s" and not market.up[running[1]][k]:
            running = None
        if action == "n":
            running = None
            continue
        assert action == "o" or market.up[region][k]
        if (action, region) != running:
            running, paid = (action, region), job.overhead
        bill += (3.0 if action == "o" else market.price[region][k]) / 6
        work -= min(work, max(0, 600 - paid))
        paid = max(0, paid - 600)
    assert work == 0
    assert len(outcome.decisions) <= job.slots
    assert outcome.cost == pytest.approx(bill)


@given(cases(), answers, st.integers(0, 20))
@settings(max_examples=80, deadline=None)
def test_the_future_does_not_change_the_past(
    instance: Instance, given_answers: list[tuple[str, int]], now: int
) -> None:
    """Other availability and prices after slot `now`: up to there, the same observations."""
    market = instance.data.market
    up = [[bit if k <= now else not bit for k, bit in enumerate(row)] for row in market.up]
    price = [[value if k <= now else value + 1 for k, value in enumerate(row)] for row in market.price]
    other = Instance("case", "case", Case(instance.data.job, Market(up, price)))
    first, second = (play(one, clipped(given_answers))[1] for one in (instance, other))
    assert [o for o in first if o["elapsed"] <= now * 600] == [o for o in second if o["elapsed"] <= now * 600]


def test_what_crosses(run: Any, recorder: Any) -> None:
    instance = case(["1" * 9], [[1.25] * 9], 600, 8, 60)
    run(EVALUATOR, [instance], "def decide(obs): return 'on_demand', 0", session=recorder, functions=["decide"])
    calls = [message for message in recorder.messages if message["op"] == "call"]
    assert calls[0]["arguments"] == [
        {
            "available": [True], "prices": [1.25], "last": "none", "region": -1, "elapsed": 0, "deadline": 4800,
            "work_left": 600, "work_total": 600, "overhead": 60, "overhead_left": 0, "tick": 600,
            "price_on_demand": 3.0,
        }
    ]  # fmt: skip
