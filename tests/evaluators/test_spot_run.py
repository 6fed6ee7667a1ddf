"""The rules of a slot by hand, and the two evaluators that play by them: what crosses, what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.clouds.spot_instances import PRICE_SPOT, Case, SpotInstances, score
from evaluators.clouds.spot_run import IDLE, Job, Machine, Market, Run, Stretch
from evaluators.protocol import EvaluatorBug, Illegal, Instance, Labels, Outcome

EVALUATOR = SpotInstances()
ON_DEMAND, SPOT = Machine("on_demand"), Machine("spot")


def case(up: str, work: int, deadline: int, overhead: int, tick: int = 600) -> Instance:
    """`up` has a 1 for every slot with spot machines. Prices are 3.06 and 0.9731 $/h, so 0.51 and 0.16218 a slot."""
    bits = [bit == "1" for bit in up]
    return Instance(
        "case", "case", Case(Job(work, deadline, overhead, tick, 3.06), Market([bits], [[PRICE_SPOT] * len(bits)]))
    )


def play(instance: Instance, choose: Any) -> tuple[Outcome, list[dict[str, Any]]]:
    """Play without a driver; `choose(obs)` decides. Also returns every observation."""
    episode = EVALUATOR.episode(instance, Labels(0, instance))
    seen: list[dict[str, Any]] = []
    try:
        obs = next(episode)
        while True:
            seen.append(dict(obs))
            obs = episode.send(choose(obs))
    except StopIteration as stop:
        outcome: Outcome = stop.value
        return outcome, seen


def script(answers: str) -> Any:
    """Answers in turn, by first letter; "none" when they are used up."""
    left = iter(answers)
    names = {"n": "none", "s": "spot", "o": "on_demand"}
    return lambda obs: names[next(left, "n")]


def test_always_on_demand_costs_what_is_published() -> None:
    """48 h and one overhead of 72 s are 289 slots; an answer after the work is done bills the 290th: 290 x 0.51."""
    instance = case("0" * 313, 172800, 187200, 72)
    outcome, _ = play(instance, lambda obs: "on_demand")
    assert outcome.cost == pytest.approx(147.90)
    assert score(outcome.cost) == pytest.approx(-1.018, abs=1e-3)
    stopping, _ = play(instance, lambda obs: "on_demand" if obs["work_left"] else "none")
    assert stopping.cost == pytest.approx(289 * 0.51)


def test_the_published_scale() -> None:
    """Mean costs and their published scores: greedy, Uniform Progress, the clairvoyant."""
    assert [round(score(cost), 2) for cost in (119.034539, 101.683, 92.614)] == [27.80, 45.12, 54.17]
    assert (score(146.88), score(46.7088)) == (pytest.approx(0), pytest.approx(100))


def test_a_launch_pays_its_overhead_once() -> None:
    """Slot 0 does 600 - 180 = 420 s of work, slots 1 and 2 do 600 s each; waiting and starting again costs 180 s."""
    instance = case("1" * 13, 1800, 7200, 180)
    _, seen = play(instance, script("sssnss"))
    assert [obs["work_left"] for obs in seen] == [1800, 1380, 780, 180, 180, 0]
    assert [obs["last"] for obs in seen] == ["none", "spot", "spot", "spot", "none", "spot"]
    assert [obs["elapsed"] for obs in seen] == [0, 600, 1200, 1800, 2400, 3000]


def test_a_preempted_slot_counts_in_full_and_ends_the_machine() -> None:
    """Spot in slots 0 and 2 only: each start does 420 s. In slot 1 the machine is gone, though `last` names it."""
    outcome, seen = play(case("1010000000000", 840, 7200, 180), script("snsn"))
    assert [(obs["has_spot"], obs["last"], obs["work_left"]) for obs in seen] == [
        (True, "none", 840),
        (False, "spot", 420),
        (True, "none", 420),
        (False, "spot", 0),
    ]
    assert outcome.cost == pytest.approx(2 * 0.9731 / 6)
    assert (outcome.metrics["launches"], outcome.metrics["preemptions"]) == (2, 2)


def test_spot_right_after_a_preemption_is_a_new_launch() -> None:
    """A preemption in slot 1, where "spot" is not granted; in slot 2 a machine starts anew, 300 s of work."""
    outcome, seen = play(case("1011111111111", 1200, 7200, 300), script("sssss"))
    assert [obs["work_left"] for obs in seen] == [1200, 900, 900, 600, 0]
    assert outcome.decisions == "snsss"
    assert outcome.metrics["launches"] == 2


def test_spot_that_is_not_there_is_an_idle_slot() -> None:
    outcome, _ = play(case("0" * 13, 600, 7200, 180), script("ssoo"))
    assert outcome.decisions == "nnoo"
    assert outcome.cost == pytest.approx(2 * 0.51)


def test_changing_the_kind_costs_an_overhead() -> None:
    """420 s on spot, 420 s on demand, 420 s on spot."""
    outcome, seen = play(case("1" * 13, 1260, 7200, 180), script("sos"))
    assert [obs["work_left"] for obs in seen] == [1260, 840, 420, 0]
    assert outcome.metrics["launches"] == 3


def test_an_overhead_longer_than_a_slot() -> None:
    """1440 s: slots 0 and 1 do nothing, slot 2 does 1800 - 1440 = 360 s. Idle in slot 3: what was paid is lost."""
    _, seen = play(case("1" * 40, 1200, 23400, 1440), script("sssnssss"))
    assert [obs["overhead_left"] for obs in seen] == [0, 840, 240, 0, 0, 840, 240, 0, 0]
    assert [obs["work_left"] for obs in seen] == [1200, 1200, 1200, 840, 840, 840, 840, 480, 0]


def test_the_work_of_the_last_slot_is_not_more_than_what_is_left() -> None:
    _, seen = play(case("1" * 13, 500, 7200, 0), script("s"))
    assert [obs["work_left"] for obs in seen] == [500, 0]


def test_the_slot_after_the_end_is_billed_unless_the_answer_is_none() -> None:
    instance = case("1100000000000", 600, 7200, 0)
    assert [play(instance, script(answers))[0].cost for answers in ("sn", "ss", "so")] == [
        pytest.approx(0.9731 / 6),
        pytest.approx(2 * 0.9731 / 6),
        pytest.approx(0.9731 / 6 + 0.51),
    ]
    assert play(case("1000000000000", 600, 7200, 0), script("ss"))[0].cost == pytest.approx(0.9731 / 6), "not granted"


def test_the_guard_starts_when_work_and_an_overhead_just_fit() -> None:
    """1200 s and an overhead of 180 s are 3 slots; of 6 slots, 3 may pass. Asked in slots 0, 1, 2 and at the end."""
    outcome, seen = play(case("0" * 7, 1200, 3600, 180), lambda obs: "none")
    assert [obs["elapsed"] for obs in seen] == [0, 600, 1200, 3600]
    assert outcome.decisions == "nnnooo"
    assert outcome.cost == pytest.approx(3 * 0.51)


def test_the_guard_keeps_a_warm_spot_machine_until_it_is_preempted() -> None:
    """An overhead of one slot and one slot of work, 5 slots. The launch in slot 2 does no work, so that in slot 3 the
    2 slots that are left are the 2 that a fresh machine needs: the guard holds. The spot machine is warm and is kept.
    Preempted, it makes way for an on-demand machine at once (an idle slot there would end the run one slot late)."""
    kept, seen = play(case("111111", 600, 3000, 600), script("nns"))
    assert kept.decisions == "nnss"
    assert [obs["elapsed"] for obs in seen] == [0, 600, 1200, 2400]
    assert play(case("111011", 600, 3000, 600), script("nns"))[0].decisions == "nnsoo"


def test_the_guard_does_not_keep_a_spot_machine_that_still_starts() -> None:
    """1200 s of work, overhead 720 s, 9 slots. A start in slot 4 does no work; slot 5 begins with 120 s of overhead
    still to be paid and with the 4 slots left that a fresh machine needs: the guard holds, and starts it."""
    outcome, seen = play(case("1" * 10, 1200, 5400, 720), script("nnnns"))
    assert [obs["overhead_left"] for obs in seen] == [0] * 6
    assert outcome.decisions == "nnnnsoooo"


def test_a_late_run_is_a_bug_of_ours() -> None:
    run = Run(Job(1200, 1200, 0, 600, 3.06), Market([[False] * 3], [[1.0] * 3]))
    for _ in range(2):
        run.settle()
        run.choose(IDLE)
    with pytest.raises(EvaluatorBug, match="1200 s of work are left at the deadline"):
        run.settle()


def test_a_market_must_cover_the_deadline() -> None:
    with pytest.raises(ValueError, match="needs one more"):
        Run(Job(600, 1200, 0, 600, 3.06), Market([[True] * 2], [[1.0] * 2]))
    with pytest.raises(ValueError, match="same slots"):
        Market([[True, True]], [[1.0]])


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (None, "slot 0: decide returned a NoneType"),
        (1, "slot 0: decide returned a int"),
        (True, "slot 0: decide returned a bool"),
        (["spot"], "slot 0: decide returned a list"),
        ("SPOT", "slot 0: decide returned 'SPOT'"),
        ("on-demand", "slot 0: decide returned 'on-demand'"),
        ("", "slot 0: decide returned ''"),
    ],
)
def test_other_answers_are_refused(answer: Any, reason: str) -> None:
    with pytest.raises(Illegal, match=reason):
        play(case("1" * 13, 600, 7200, 0), lambda obs: answer)


@st.composite
def cases(draw: Any) -> Instance:
    slots = draw(st.integers(2, 24))
    tick = 600
    overhead = draw(st.sampled_from([0, 72, 360, 600, 720, 1440]))
    work = draw(st.integers(1, 40)) * 120
    need = -(-(work + overhead) // tick)
    up = "".join(draw(st.lists(st.sampled_from("01"), min_size=slots + need + 1, max_size=slots + need + 1)))
    return case(up, work, (slots + need) * tick + draw(st.integers(0, 599)), overhead)


@given(cases(), st.lists(st.sampled_from("nso"), max_size=80))
@settings(max_examples=200, deadline=None)
def test_any_legal_answers_finish_in_time_and_are_billed_by_the_slot(instance: Instance, answers: list[str]) -> None:
    outcome, seen = play(instance, script("".join(answers)))
    job, market = instance.data.job, instance.data.market
    assert seen[-1]["work_left"] == 0
    assert seen[-1]["elapsed"] <= job.deadline
    slots = outcome.decisions
    assert outcome.cost == pytest.approx(slots.count("o") * 0.51 + slots.count("s") * PRICE_SPOT / 6)
    assert all(market.up[0][k] for k, action in enumerate(slots) if action == "s")
    # an account from the decisions alone: a start is a slot whose machine differs from what survived the one before
    starts, paid, work = 0, 0, job.work
    for k, action in enumerate(slots):
        before = slots[k - 1] if k else "n"
        survived = "n" if before == "s" and not market.up[0][k] else before
        if action != "n" and action != survived:
            starts, paid = starts + 1, job.overhead
        if action != "n":
            work -= min(work, max(0, 600 - paid))
            paid = max(0, paid - 600)
    assert work == 0
    assert starts == outcome.metrics["launches"]


@given(cases(), st.lists(st.sampled_from("nso"), min_size=30, max_size=30), st.integers(0, 20))
@settings(max_examples=100, deadline=None)
def test_the_future_does_not_change_the_past(instance: Instance, answers: list[str], now: int) -> None:
    """Other availability after slot `now`: up to there, the same observations."""
    job, market = instance.data.job, instance.data.market
    flipped = [bit if k <= now else not bit for k, bit in enumerate(market.up[0])]
    other = Instance("case", "case", Case(job, Market([flipped], market.price)))
    first, second = (play(one, script("".join(answers)))[1] for one in (instance, other))
    until = now * job.tick
    assert [obs for obs in first if obs["elapsed"] <= until] == [obs for obs in second if obs["elapsed"] <= until]


def test_what_crosses(run: Any, recorder: Any) -> None:
    source = "def decide(obs): return 'on_demand' if obs['work_left'] else 'none'"
    [played] = run(EVALUATOR, [case("0" * 13, 1200, 7200, 60)], source, session=recorder, functions=["decide"])
    assert played.outcome.cost == pytest.approx(3 * 0.51)
    calls = [message for message in recorder.messages if message["op"] == "call"]
    assert calls[0]["arguments"] == [
        {
            "has_spot": False, "last": "none", "elapsed": 0, "deadline": 7200, "work_left": 1200, "work_total": 1200,
            "overhead": 60, "overhead_left": 0, "tick": 600, "price_spot": 0.9731, "price_on_demand": 3.06,
        }
    ]  # fmt: skip


def test_the_trace_shows_stretches() -> None:
    outcome, _ = play(case("1101111111111", 1200, 7200, 0), script("nson"))
    assert outcome.decisions == "nso"
    sixth = 1 / 6
    assert outcome.trace() == [
        Stretch(-1, 0, pytest.approx(sixth), "none"),
        Stretch(0, pytest.approx(sixth), pytest.approx(2 * sixth), "spot"),
        Stretch(0, pytest.approx(2 * sixth), pytest.approx(3 * sixth), "on_demand"),
    ]
