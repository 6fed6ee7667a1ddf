"""Layered prefill: by hand, the orderings of its paper, hidden futures, golden figures of the baselines."""

from __future__ import annotations

import copy
import math
import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.evaluate import evaluate
from evaluators.protocol import Illegal, Instance, Outcome
from evaluators.serving import workloads
from evaluators.serving.deciding import decision_limit
from evaluators.serving.engine import Engine
from evaluators.serving.layered_prefill import HOLD, Case, LayeredPrefill, layered
from evaluators.serving.layered_prefill import play as play_case
from evaluators.serving.mixtures import MixtureCosts, mixture
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
    "best_constant": -58.71,
    "chunked_1024": -43.72,
    "chunked_512": 45.77,
    "initial": 66.55,
    "layered": 0.0,
    "layered_1024": -41.99,
    "solved": -76.78,
    "whole": 314.07,
}

# 1 ms for the host, 4 layers of 2 experts; a token reads one of them: 4 ms, two tokens 1.5 on average; 0.5 ms a token.
PLAIN = MixtureCosts(1, 2, 0, 0.5, 0, 0, 0, 1, 200, layers=4, experts=2, active=1, expert=4.0, gb_per_ms=1.0)


problem, measured = of_problem("layered_prefill")
gap = recorded("layered_prefill")


def rule(name: str) -> Rule:
    scope: dict[str, Any] = {}
    exec(problem().baselines[name], scope)
    made: Rule = scope["decide"]
    return made


def run(case: Case, choose: Rule) -> tuple[Outcome, list[dict[str, Any]]]:
    return play(LayeredPrefill(), Instance("a case", "any", case), choose)


def fixed(tokens: int, groups: int = 1) -> Rule:
    return lambda obs: {"order": list(range(len(obs["left"]))), "tokens": tokens, "groups": groups}


# By hand


def test_costs_by_hand() -> None:
    """One token reads 2 + 4 ms; two tokens read 1.5 experts; 40 tokens compute for 20 ms."""
    assert PLAIN.iteration(1, 0) == pytest.approx(1 + 6)
    assert PLAIN.iteration(2, 0) == pytest.approx(1 + 2 + 6)
    assert PLAIN.iteration(0, 0, [(40, 0)]) == pytest.approx(1 + 20)
    half = PLAIN.grouped(1, 0, [(40, 0)], 2)
    assert half == pytest.approx(1 + 6 / 2 + 20.5 / 2)
    assert PLAIN.grouped(0, 0, [(40, 0)], 1) == pytest.approx(1 + 20 / 4)


@given(st.integers(0, 50), st.lists(st.tuples(st.integers(1, 900), st.integers(0, 900)), max_size=3))
def test_all_layers_are_an_iteration(decodes: int, chunks: list[tuple[int, int]]) -> None:
    costs = mixture("qwen3-30b-a3b", "h100", 2)
    whole = costs.iteration(decodes, 700 * decodes, chunks)
    assert costs.grouped(decodes, 700 * decodes, chunks, costs.layers) == pytest.approx(whole)


def test_the_model_is_as_published() -> None:
    """Qwen3-30B-A3B: 96 KiB of keys and values a token; 20 tokens touch 93 of 128 experts; all weights are 61 GB."""
    costs = mixture("qwen3-30b-a3b", "h100", 2)
    assert costs.kv_bytes == 96 * 1024
    assert costs.touched(20) == pytest.approx(92.8, abs=0.1)
    assert costs.reading(100_000) * costs.gb_per_ms == pytest.approx(61.1, rel=0.02)


def test_one_prompt_in_groups_by_hand() -> None:
    """0.1 ms for the answer; three groups of 4 layers have 1, 1 and 2 of them; then two tokens alone, 7 ms each."""
    outcome, seen = run(Case([Request(0, 7.0, 40, 3)], PLAIN, 100.0), fixed(40, 3))
    assert [(o["left"], o["done"], o["started"], o["waiting"]) for o in seen] == [([40], [0], 0, 1)]
    assert outcome.metrics["ttft_mean"] == pytest.approx(0.1 + 6 + 6 + 11)
    assert outcome.cost == pytest.approx(0.0231)
    (stay,) = outcome.trace()
    assert stay.finished == pytest.approx(7 + 23.1 + 14)
    # read: the prompt nearly all of 2 + 8, each of two tokens 2 + 4; ms at 1 GB a ms, for three tokens
    assert outcome.metrics["gb_per_token"] == pytest.approx((10 + 6 + 6) / 3, rel=1e-6)


def test_chunks_and_groups_together_by_hand() -> None:
    """Two passes of 20 tokens in two groups: 0.1 + 2 (1 + 10 / 2) each; the second needs no new answer."""
    outcome, seen = run(Case([Request(0, 0.0, 40, 1)], PLAIN, 100.0), fixed(20, 2))
    assert outcome.metrics["ttft_mean"] == pytest.approx(0.1 + 4 * 6)
    assert len(seen) == 1


def test_decodes_go_on_meanwhile_and_the_penalty_by_hand() -> None:
    """The second prompt of 40 passes in two iterations of 1 + 6 / 2 + 20.5 / 2 ms, for a target of 10."""
    todo = [Request(0, 0.0, 20, 5), Request(1, 10.0, 40, 1)]
    outcome, _ = run(Case(todo, PLAIN, 10.0), lambda obs: fixed(1000, 2 if obs["decoding"] else 1)(obs))
    first, second = outcome.trace()
    assert first.first_token == pytest.approx(0.1 + 11)
    assert second.admitted == pytest.approx(11.1)
    assert second.first_token == pytest.approx(11.1 + 0.1 + 2 * 14.25)
    assert outcome.metrics["tbt_tail"] == pytest.approx(14.35)
    times = [11.1, 29.7]
    assert outcome.cost == pytest.approx(math.sqrt(sum(times) / 2 * 29.7) / 1000 * 1.435**3)


def test_a_pass_is_not_interrupted() -> None:
    """A prompt that arrives during a pass of four groups waits for its end."""
    todo = [Request(0, 0.0, 40, 1), Request(1, 1.0, 40, 1)]
    outcome, seen = run(Case(todo, PLAIN, 100.0), fixed(1000, 4))
    first, second = outcome.trace()
    assert second.admitted == first.first_token
    assert len(seen) == 2


def test_memory_that_runs_out_during_a_pass() -> None:
    """There is room for one more token alone: the prompt under way goes, and passes anew when the other has ended."""
    costs = replace(PLAIN, capacity=54)
    todo = [Request(0, 0.0, 10, 40), Request(1, 30.0, 40, 2)]
    outcome, seen = run(Case(todo, costs, 100.0), lambda obs: fixed(1000, 4 if obs["decoding"] else 1)(obs))
    first, second = outcome.trace()
    assert second.admitted < first.finished
    assert second.first_token == pytest.approx(first.finished + 0.1 + 1 + 20)
    assert [o["kv_room"] for o in seen] == [54, 41, 54]


def test_waiting_for_something_to_change() -> None:
    """No tokens holds until a request arrives or ends; with nothing that decodes it is refused."""
    todo = [Request(0, 0.0, 10, 30), Request(1, 5.0, 10, 1), Request(2, 100.0, 10, 1)]
    outcome, seen = run(Case(todo, PLAIN, 100.0), lambda obs: fixed(0 if obs["decoding"] else 100)(obs))
    assert len(seen) == 4  # the first prompt, its end of prefill with one that waits, the third arrival, the end
    with pytest.raises(Illegal, match="nothing runs"):
        run(Case(todo, PLAIN, 100.0), fixed(0))
    assert len(outcome.trace()) == 3


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (8, "returned a int"),
        ({"order": [0], "tokens": 10}, "the keys order, tokens"),
        ({"order": [0], "tokens": -1, "groups": 1}, "from 0, not -1"),
        ({"order": [0], "tokens": True, "groups": 1}, "from 0, not True"),
        ({"order": [0], "tokens": 10.0, "groups": 1}, "from 0, not 10.0"),
        ({"order": [0], "tokens": 10, "groups": 0}, "from 1 to 4, not 0"),
        ({"order": [0], "tokens": 10, "groups": 5}, "from 1 to 4, not 5"),
        ({"order": [0], "tokens": 10, "groups": 2.0}, "from 1 to 4, not 2.0"),
        ({"order": 0, "tokens": 10, "groups": 1}, "not a int"),
        ({"order": [1], "tokens": 10, "groups": 1}, "numbered 0 to 0"),
        ({"order": [False], "tokens": 10, "groups": 1}, "the order has False"),
        ({"order": [0, 0], "tokens": 10, "groups": 1}, "twice"),
    ],
)
def test_what_is_no_answer_is_refused(answer: Any, reason: str) -> None:
    with pytest.raises(Illegal, match=f"decision 1: .*{reason}"):
        run(Case([Request(0, 0.0, 10, 3)], PLAIN, 100.0), lambda _: answer)


def test_decisions_are_bounded() -> None:
    todo = [Request(i, 0.0, 90, 1) for i in range(40)]
    assert decision_limit(todo, HOLD) == 280
    with pytest.raises(Illegal, match="more than 280 decisions"):
        run(Case(todo, PLAIN, 100.0), fixed(1))


# What a rule may know, and what is conserved


def some_case(seed: int, capacity: int = 60_000) -> Case:
    todo = workloads.requests(f"hidden {seed}", "sharegpt", 6.0, 40, 2.0)
    return Case(todo, replace(mixture("qwen3-30b-a3b", "h100", 2), capacity=capacity), 20.0)


def erratic(obs: dict[str, Any]) -> dict[str, Any]:
    """Any legal answer, which depends on all that is seen."""
    rng = random.Random(repr(obs))
    order = rng.sample(range(len(obs["left"])), len(obs["left"]))
    if not obs["decoding"]:  # something must fit
        order = list(range(len(order)))
    return {"order": order, "tokens": rng.choice([512, 2048, 10**6]), "groups": rng.choice([1, 3, 8, 48])}


def watched(case: Case, choose: Rule) -> tuple[Engine, list[tuple[float, dict[str, Any]]]]:
    """The engine as it is at the end, and each question with its time."""
    episode = play_case(case)
    observation = next(episode)
    assert episode.gi_frame is not None
    engine: Engine = episode.gi_frame.f_locals["engine"]
    seen = []
    while True:
        seen.append((engine.now, copy.deepcopy(observation)))
        assert 0 <= engine.kv.used <= engine.kv.capacity
        try:
            observation = episode.send(choose(observation))
        except StopIteration:
            return engine, seen


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 1000), st.floats(0, 12_000))
def test_the_future_does_not_change_the_past(seed: int, time: float) -> None:
    """All that is hidden at a time drawn anew: later arrivals and their prompts, and outputs that go on."""
    case = some_case(seed)
    engine, seen = watched(case, erratic)
    other = another_future(case.requests, engine.finished, time, seed)
    _, again = watched(replace(case, requests=other), erratic)
    assert_the_past_is_the_same(seen, again, time)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([9_000, 20_000, 60_000]))
def test_any_legal_rule_serves_every_request_once(seed: int, capacity: int) -> None:
    """Each has exactly its tokens, in order, all memory is free at the end, and nothing took less than it must."""
    case = some_case(seed, capacity)
    engine, _ = watched(case, erratic)
    assert sorted(s.request.id for s in engine.finished) == [request.id for request in case.requests]
    assert engine.kv.used == 0
    for sequence in engine.finished:
        times = sequence.token_times()
        assert len(times) == sequence.request.output
        assert times == sorted(times)
        alone = case.costs.iteration(0, 0, [(sequence.request.prompt, 0)])
        assert times[0] >= sequence.request.arrival + alone
    assert sum(engine.batches.values()) == engine.iterations


def test_the_question_is_small_and_plain() -> None:
    """A queue of 200 is shown by its first 32, and nothing says how long outputs are."""
    todo = [Request(i, 0.0, 10, 7 + i) for i in range(200)]
    _, seen = run(Case(todo, replace(PLAIN, capacity=10_000), 100.0), fixed(50))
    assert (seen[0]["waiting"], len(seen[0]["left"])) == (200, 32)
    keys = {"slo", "layers", "decoding", "context", "started", "waiting", "left", "done", "waited"}
    assert all(set(obs) == keys | {"kv_room", "kv_capacity", "costs"} for obs in seen)


# The paper's orderings


@pytest.mark.parametrize("rate", [1.0, 3.0])
def test_layers_beat_chunks_on_long_prompts(rate: float) -> None:
    """First tokens in about half of the time, a fifth or more off the whole, a third fewer weights, calmer decodes."""
    case = Case(workloads.requests("paper", "arxiv", rate, 200), mixture("qwen3-30b-a3b", "h100", 2), 30.0)
    chunks, layers, whole = (run(case, rule(name))[0].metrics for name in ("chunked_512", "layered", "whole"))
    assert 0.25 < layers["ttft_mean"] / chunks["ttft_mean"] < 0.6
    assert layers["e2e_mean"] < 0.8 * chunks["e2e_mean"]
    assert layers["gb_per_token"] < 0.7 * chunks["gb_per_token"]
    assert layers["tbt_p99"] < chunks["tbt_p99"]
    assert whole["ttft_mean"] < layers["ttft_mean"]
    assert whole["tbt_tail"] > 2.5 * layers["tbt_tail"]


def test_the_order_of_the_baselines() -> None:
    gaps = {name: gap(name) for name in problem().baselines}
    assert gaps["layered"] == pytest.approx(0, abs=1e-9)
    assert gaps["solved"] < gaps["best_constant"] < gaps["layered_1024"] < 0 < gaps["chunked_512"] < gaps["whole"]


# Golden figures


def test_gaps_to_the_digit() -> None:
    assert {name: round(gap(name), 2) for name in GOLDEN} == GOLDEN
    assert set(GOLDEN) == {"initial", *problem().baselines}


def test_nothing_depends_on_the_labels() -> None:
    again = evaluate(problem(), problem().baselines["solved"], "train", InProcessSandbox(), relabelling=3)
    assert again.behaviour == measured("solved").behaviour


def test_the_reference_is_the_paper_rule_and_agrees_with_what_is_stored() -> None:
    assert_the_reference_is(layered, problem())


def test_splits_are_as_described() -> None:
    sizes = {split: [len(i.data.requests) for i in problem().instances(split)] for split in problem().splits}
    assert sizes == {"train": [120] * 12, "validation": [200] * 12, "test": [400] * 12, "ood": [200] * 10}
    assert_each_request_fits(problem(), "ood")


def test_a_drawing_shows_the_request_that_waited_longest() -> None:
    assert_a_drawing_shows_the_longest_wait(layered, problem())
