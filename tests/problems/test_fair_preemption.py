"""Fair preemption: by hand, FastSwitch's orderings, hidden futures, golden figures of the baselines."""

from __future__ import annotations

import copy
import math
import random
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.evaluate import evaluate
from evaluators.protocol import Illegal, Instance, Outcome
from evaluators.serving import workloads
from evaluators.serving.costs import Costs, costs
from evaluators.serving.deciding import played
from evaluators.serving.fair_preemption import Case, Fairness, FairPreemption, Transfers, by_priority
from evaluators.serving.fair_preemption import play as play_case
from evaluators.serving.requests import Request
from sandbox.session import InProcessSandbox
from tests.measured import of_problem, recorded
from tests.playing import play
from tests.problems.serving import (
    Rule,
    another_future,
    assert_a_drawing_shows_the_longest_wait,
    assert_each_request_fits,
    assert_the_past_is_the_same,
    assert_the_reference_is,
)

# Mean gap, in logarithmic per cent, on train.
GOLDEN = {
    "aging": -28.22,
    "best_constant": -51.42,
    "fastswitch": 0.0,
    "fcfs": 443.67,
    "initial": -2.51,
    "smallest": 424.16,
    "sticky": 20.42,
}

# 1 ms for the host, 10 ms at least for products, 1 ms a token above ten; a transfer of up to 10 tokens takes 1 ms.
PLAIN = Costs(t0=1, w=10, l0=0, l1=1, attention=0, kv=0, sequence=0, kv_bytes=0, capacity=100)
SLOW = Transfers(segment=10, seen=1.0)


problem, measured = of_problem("fair_preemption")
gap = recorded("fair_preemption")


def rule(name: str) -> Rule:
    scope: dict[str, Any] = {}
    exec(problem().baselines[name], scope)
    made: Rule = scope["decide"]
    return made


def plain(todo: list[Request], **changes: Any) -> Case:
    return replace(Case("plain", todo, PLAIN, 50, 1e9, 1.0, SLOW), **changes)


def run(case: Case, choose: Rule) -> tuple[Outcome, list[dict[str, Any]]]:
    return play(FairPreemption(), Instance("a case", "any", case), choose)


def newest_first(obs: dict[str, Any]) -> list[int]:
    return list(range(len(obs["priority"])))[::-1]


# By hand


def test_one_request_by_hand() -> None:
    """0.1 ms for the answer, 50 tokens at once, two more in 11 ms each."""
    outcome, seen = run(plain([Request(0, 7.0, 50, 3)]), newest_first)
    assert [(o["tokens"], o["left"], o["generated"], o["resident"], o["waited"]) for o in seen] == [
        ([50], [50], [0], [False], [0.0])
    ]
    (stay,) = outcome.trace()
    assert stay.first_token == pytest.approx(7 + 0.1 + 51)
    assert stay.finished == pytest.approx(7 + 0.1 + 51 + 22)
    assert outcome.cost == pytest.approx(math.sqrt(51.1 * 11) / 1000)


def test_swapping_by_hand() -> None:
    """The first request has 61 tokens in the cache at 72.1, when it makes room for the second: 7 ms for ten segments of
    10 tokens; 7 ms to come back; to make room again it sends the 3 new tokens alone."""
    todo = [Request(0, 0.0, 60, 20), Request(1, 65.0, 20, 1), Request(2, 130.0, 20, 1)]
    outcome, seen = run(plain(todo), newest_first)
    first, second, third = outcome.trace()
    assert first.first_token == pytest.approx(61.1)
    assert second.first_token == pytest.approx(72.1 + 0.1 + 7 + 21)
    back = second.first_token + 0.1 + 7 + 11
    assert third.first_token == pytest.approx(back + 22 + 0.1 + 1 + 21)
    assert outcome.metrics["swapped"] == 61 + 61 + 3 + 64
    assert outcome.metrics["tbt_tail"] == pytest.approx(back - 72.1)
    assert [o["copied"] for o in seen] == [[0], [0, 0], [61], [61, 0], [64]]
    assert [o["resident"] for o in seen] == [[False], [True, False], [False], [True, False], [False]]
    assert seen[2]["waited"] == [pytest.approx(second.first_token - 72.1)]


def test_a_prompt_that_goes_keeps_what_is_prefilled() -> None:
    """Two chunks of 512; the first 512 tokens go out and come back, and the rest is prefilled."""
    costs_ = replace(PLAIN, capacity=1100)
    todo = [Request(0, 0.0, 1000, 1), Request(1, 100.0, 100, 1)]
    outcome, seen = run(plain(todo, costs=costs_), newest_first)
    first, second = outcome.trace()
    assert second.first_token == pytest.approx(0.1 + 513 + 0.1 + 52 + 101)
    assert first.first_token == pytest.approx(second.first_token + 0.1 + 52 + 1 + 488)
    assert [o["left"] for o in seen] == [[1000], [488, 100], [488]]


def test_regret_by_hand() -> None:
    """Who waits is 0.25 above the one that is resident, and would fit without it; at equal priority there is none."""
    system = Fairness(plain([]))
    for request in (Request(0, 0.0, 60, 20), Request(1, 0.0, 40, 20)):
        system.arrive(request)
    system.measure()
    system.fill([system.live[0]])
    for other, regret in ((0.75, 0.25), (0.5, 0.0), (0.125, 0.0)):
        system.measure()
        system.priority = {0: 0.5, 1: other}
        system.waited = system.regret = 0.0
        system.judge()
        system.run()
        before = system.engine.now
        system.engine.advance(before + 100)
        system.engine.interrupt()
        system.engine.advance(math.inf)
        system.pass_time()
        assert system.waited == pytest.approx(system.engine.now - before)
        assert system.waited > 50
        assert system.regret == pytest.approx(regret * system.waited)


def test_there_is_no_regret_where_room_could_not_be_made() -> None:
    """40 tokens are free of 200; the one of lower priority holds 60, one of higher priority 100: 110 cannot fit."""
    system = Fairness(plain([], costs=replace(PLAIN, capacity=200)))
    for i, prompt in enumerate((44, 84, 94)):
        system.arrive(Request(i, 0.0, prompt, 20))
    system.measure()
    system.priority = {0: 0.0, 1: 0.875, 2: 0.5}
    system.fill([system.live[0], system.live[1]])
    system.judge()
    assert (system._waiting, system._regret) == (1, 0.0)
    system.priority[1] = 0.25
    system.judge()
    assert (system._waiting, system._regret) == (1, 0.5)


@pytest.mark.parametrize(("churn", "low", "high"), [(1.0, 30, 40), (0.3, 5, 20), (0.0, 1, 1)])
def test_priorities_change_whatever_is_decided(churn: float, low: int, high: int) -> None:
    """They are drawn by request and count alone; a share of `churn` at a time. (One draw in eight changes nothing.)"""
    drawn: list[list[float]] = []
    for first in (0, 1):
        system = Fairness(plain([], churn=churn))
        for i in (0, 1):
            system.arrive(Request(i, 0.0, 60, 20))
        system.measure()
        system.fill([system.live[first]])
        drawn.append([system.priority[1]])
        for _ in range(40):
            system.change()
            drawn[-1].append(system.priority[1])
    assert drawn[0] == drawn[1]
    assert low <= 1 + sum(a != b for a, b in pairwise(drawn[0])) <= high


def test_the_clock_changes_priorities_and_asks() -> None:
    """Two that cannot both be resident, and priorities that change every 100 ms."""
    todo = [Request(0, 0.0, 60, 40), Request(1, 1.0, 40, 40)]
    _, seen = run(plain(todo, costs=replace(PLAIN, capacity=120), period=100.0), newest_first)
    assert len({tuple(o["priority"]) for o in seen if len(o["priority"]) == 2}) > 3
    assert all(0 < o["next_change"] <= 100 for o in seen)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (0, "not a int"),
        ({"order": [0]}, "not a dict"),
        ([1], "numbered 0 to 0"),
        ([-1], "numbered 0 to 0"),
        ([False], "the answer has False"),
        ([0, 0], "twice"),
        ([], "nobody is resident, and 1 requests wait"),
    ],
)
def test_what_is_no_answer_is_refused(answer: Any, reason: str) -> None:
    with pytest.raises(Illegal, match=f"decision 1: .*{reason}"):
        run(plain([Request(0, 0.0, 10, 3)]), lambda _: answer)


def test_decisions_are_bounded() -> None:
    """Priorities that change in every iteration, and two that could never be resident together."""
    todo = [Request(0, 0.0, 60, 4000), Request(1, 0.0, 60, 1)]
    case = plain(todo, costs=replace(PLAIN, capacity=100 + 4000), period=1.0)
    with pytest.raises(Illegal, match="more than 80 decisions"):
        run(case, lambda _: [0])


# What a rule may know, and what is conserved


def some_case(seed: int) -> Case:
    todo = workloads.requests(f"hidden {seed}", "azure-conv", 2.2, 25, 1.0)
    return Case(f"hidden {seed}", todo, replace(costs("llama-3-8b", "a10"), capacity=12_000), 32, 1000.0, 0.5)


def erratic(obs: dict[str, Any]) -> list[int]:
    """Any legal answer, which depends on all that is seen."""
    rng = random.Random(repr(obs))
    order = rng.sample(range(len(obs["tokens"])), len(obs["tokens"]))
    return order[: rng.randint(1, len(order))]


def watched(case: Case, choose: Rule) -> tuple[Fairness, list[tuple[float, dict[str, Any]]]]:
    """The system as it is at the end, and each question with its time."""
    episode = play_case(case)
    observation = next(episode)
    assert episode.gi_frame is not None
    system: Fairness = episode.gi_frame.f_locals["system"]
    seen = []
    while True:
        seen.append((system.engine.now, copy.deepcopy(observation)))
        held = sum(t for t, r in zip(observation["tokens"], observation["resident"], strict=True) if r)
        assert held <= system.engine.kv.used <= system.engine.kv.capacity
        try:
            observation = episode.send(choose(observation))
        except StopIteration:
            return system, seen


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 1000), st.floats(0, 20_000))
def test_the_future_does_not_change_the_past(seed: int, time: float) -> None:
    """All that is hidden at a time drawn anew: later arrivals and their prompts, and outputs that go on."""
    case = some_case(seed)
    system, seen = watched(case, erratic)
    other = another_future(case.requests, system.engine.finished, time, seed)
    _, again = watched(replace(case, requests=other), erratic)
    assert_the_past_is_the_same(seen, again, time)


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 1000))
def test_any_legal_rule_serves_every_request_once(seed: int) -> None:
    """Each has exactly its tokens, in order, nobody is left in either memory, and no prompt is prefilled twice."""
    case = some_case(seed)
    system, _ = watched(case, erratic)
    assert sorted(s.request.id for s in system.engine.finished) == [request.id for request in case.requests]
    assert system.engine.kv.used == 0
    assert [system.live, system.host, system.copied] == [{}, {}, {}]
    for sequence in system.engine.finished:
        times = sequence.token_times()
        assert len(times) == sequence.request.output
        assert times == sorted(times)
        assert sequence.preemptions == 0
        assert times[0] >= sequence.request.arrival + case.costs.iteration(0, 0, [(sequence.request.prompt, 0)])
    gaps = sum(request.output - 1 for request in case.requests)
    assert len(system.engine.gaps) == gaps


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 1000))
def test_the_paper_rule_is_without_regret(seed: int) -> None:
    assert played(play_case(some_case(seed)), by_priority).metrics["regret"] == 0


# The paper's orderings


def test_small_segments_and_waiting_for_them_stall() -> None:
    """FastSwitch's mechanism: large segments and transfers behind iterations bring tails down several times."""
    todo = workloads.requests("paper", "azure-conv", 1.6, 80)
    case = Case("paper", todo, costs("llama-3-8b", "a10"), 32, 4000.0, 1.0)
    fast = played(play_case(case), by_priority).metrics
    slow = played(play_case(replace(case, transfers=Transfers(segment=16, seen=1.0))), by_priority).metrics
    assert slow["stalled"] > 0.15 > 0.03 > fast["stalled"]
    assert slow["ttft_p95"] > 2 * fast["ttft_p95"]
    assert slow["tbt_p999"] > 2 * fast["tbt_p999"]


def test_the_order_of_the_baselines() -> None:
    gaps = {name: gap(name) for name in problem().baselines}
    assert gaps["fastswitch"] == pytest.approx(0, abs=1e-9)
    assert gaps["best_constant"] < gaps["aging"] < 0 < gaps["sticky"] < 100 < min(gaps["fcfs"], gaps["smallest"])


# Golden figures


def test_gaps_to_the_digit() -> None:
    assert {name: round(gap(name), 2) for name in GOLDEN} == GOLDEN
    assert set(GOLDEN) == {"initial", *problem().baselines}


def test_nothing_depends_on_the_labels() -> None:
    again = evaluate(problem(), problem().baselines["aging"], "train", InProcessSandbox(), relabelling=3)
    assert again.behaviour == measured("aging").behaviour


def test_the_reference_is_the_paper_rule_and_agrees_with_what_is_stored() -> None:
    assert_the_reference_is(by_priority, problem())


def test_splits_are_as_described() -> None:
    sizes = {split: [len(i.data.requests) for i in problem().instances(split)] for split in problem().splits}
    assert sizes == {"train": [100] * 10, "validation": [120] * 10, "test": [250] * 10, "ood": [120] * 8}
    for split in problem().splits:
        assert_each_request_fits(problem(), split, reserve=16)


def test_a_drawing_shows_the_request_that_waited_longest() -> None:
    assert_a_drawing_shows_the_longest_wait(by_priority, problem())
