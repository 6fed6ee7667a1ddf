"""Batches that share prefixes: by hand, the bound, what is conserved and refused, ratios, golden figures."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.evaluate import Evaluation, evaluate
from evaluators.protocol import Illegal, Instance, Labels
from evaluators.references import disagreements
from evaluators.serving.costs import Costs, costs
from evaluators.serving.engine import Engine
from evaluators.serving.prefix_batching import Batch, PrefixBatching, SharedReads, draw, least_makespan, serve
from sandbox.session import InProcessSandbox
from tests.measured import of_problem, recorded

# Mean gap, in per cent, on train.
GOLDEN = {
    "batchllm": 18.27,
    "best_constant": 12.11,
    "grouped": 16.8,
    "initial": 20.03,
    "longest_first": 24.18,
    "vllm": 37.39,
}

# 1 ms an iteration and 1 ms a token.
PLAIN = Costs(t0=1, w=0, l0=0, l1=1, attention=0, kv=0, sequence=0, kv_bytes=1, capacity=0)

problem, measured = of_problem("prefix_batching")
gap = recorded("prefix_batching")


# By hand


def batch(capacity: int) -> Batch:
    """Two groups with prefixes of 100 and 200 tokens, two requests each, in turn."""
    return Batch([100, 200], [3, 3], [0, 1, 0, 1], [10, 20, 10, 20], [3, 1, 3, 1], PLAIN, capacity)


def test_a_prefix_is_computed_once_while_it_stays() -> None:
    """All fit: 101 + 1 waits for its prefix, then the rest of group 0 and the first of group 1, and so on."""
    outcome = serve(batch(1000), [0, 2, 1, 3], 0.0)
    assert outcome.metrics["computed"] == 1
    # 110 | a token, 10 of the second, 220 | two tokens, 20 | one token, and all have ended
    assert outcome.cost == pytest.approx((1 + 110 + 1 + 1 + 10 + 220 + 1 + 2 + 20 + 1 + 1) / 1000)
    assert outcome.metrics["iterations"] == 4


def test_a_prefix_that_was_dropped_is_computed_again() -> None:
    """With room for 240 tokens the groups take turns, each on the memory of the other one's prefix: of the first 20
    tokens are left when it comes again, of the second 128 beside 112 of the third request."""
    together = serve(batch(240), [0, 2, 1, 3], 0.0)
    apart = serve(batch(240), [0, 1, 2, 3], 0.0)
    assert together.metrics["computed"] == 1
    assert apart.metrics["computed"] == pytest.approx((110 + 220 + 90 + 92) / 360)
    assert apart.cost > together.cost


def test_the_reserve_keeps_room_for_answers() -> None:
    """Two sequences of 50 + 40 tokens do not fit into 130; a reserve makes the second wait, without one it is lost."""
    both = Batch([10, 10], [40, 40], [0, 1], [40, 40], [40, 40], PLAIN, 130)
    assert serve(both, [0, 1], 0.0).metrics["preemptions"] == 1
    assert serve(both, [0, 1], 0.4).metrics["preemptions"] == 0
    assert serve(both, [0, 1], 0.9).metrics["preemptions"] == 0  # when nothing runs, the reserve does not count


def test_a_prefix_is_read_once_an_iteration() -> None:
    """A ms for each token that is read, a ms an iteration, computing is free. Three requests on a prefix of 100."""
    reading = replace(PLAIN, l1=0, kv=1)
    three = Batch([100], [3], [0, 0, 0], [10, 20, 30], [4, 2, 3], reading, 1000)
    outcome = serve(three, [0, 1, 2], 0.0)
    # the first is prefilled | it decodes and reads 110; chunks of the others need the prefix, which counts already |
    # the prefix, and 11, 20 and 30 | the prefix, 12 and 31: the second has ended
    steps = [1, 1 + 110, 1 + 100 + 11 + 20 + 30, 1 + 100 + 12 + 31]
    assert 1000 * outcome.cost == pytest.approx(sum(steps))
    assert outcome.metrics["iterations"] == 4
    # at least: 3 reads of the prefix for the longest answer, 10 + 11 + 12 and 20 and 30 + 31 of their own
    assert least_makespan(three) == 4 + 300 + 33 + 20 + 61
    assert least_makespan(three) <= 1000 * outcome.cost


class Stepped(SharedReads):
    """One iteration at a time, each by the sum over what it reads."""

    def decode(self) -> None:
        tokens, prefixes = 0, set()
        for sequence in self.decoding.values():
            [prefix] = sequence.request.prefix
            tokens += sequence.context - prefix.tokens
            prefixes.add(prefix)
        read = tokens + sum(prefix.tokens for prefix in prefixes)
        self.start(ms=self.costs.iteration(len(self.decoding), read))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([14_000, 20_000, 60_000]), st.floats(0, 0.9))
def test_iterations_in_closed_form_are_those_one_by_one(seed: int, capacity: int, reserve: float) -> None:
    made = draw(f"stepped {seed}", 5, costs("llama-3-8b", "a100"), capacity, 1.0)
    order = random.Random(seed).sample(range(len(made.group)), len(made.group))
    usual, stepped = serve(made, order, reserve), serve(made, order, reserve, Stepped)
    assert usual.cost == pytest.approx(stepped.cost, rel=1e-9)
    assert usual.metrics == pytest.approx(stepped.metrics, rel=1e-9)
    assert usual.cost <= serve(made, order, reserve, Engine).cost


def test_the_bound_by_hand() -> None:
    """One request: it is all that there is, and the bound is what it takes."""
    one = Batch([100], [5], [0], [20], [5], PLAIN, 1000)
    assert least_makespan(one) == 5 * 1 + 120 + 4 == pytest.approx(1000 * serve(one, [0], 0.0).cost)
    real = replace(one, costs=costs("llama-3-8b", "a100"))
    assert least_makespan(real) <= 1000 * serve(real, [0], 0.0).cost < 1.3 * least_makespan(real)


# Whatever is answered


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([14_000, 20_000, 60_000]), st.floats(0, 0.9))
def test_any_order_conserves(seed: int, capacity: int, reserve: float) -> None:
    """Every request ends once with all of its tokens; what is computed is at least what must be; the bound holds."""
    made = draw(f"conserve {seed}", 5, costs("llama-3-8b", "a100"), capacity, 1.0)
    order = random.Random(seed).sample(range(len(made.group)), len(made.group))
    outcome = serve(made, order, reserve)
    done = outcome.trace()
    assert sorted(s.request.id for s in done) == list(range(len(order)))
    for sequence in done:
        i = order[sequence.request.id]
        assert sequence.generated == made.output[i] == len(sequence.token_times())
        assert sequence.request.prompt == made.prefix[made.group[i]] + made.suffix[i]
    assert outcome.metrics["computed"] >= 1
    assert 1000 * outcome.cost >= least_makespan(made)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ([0, 1, 2, 3], "returned a list"),
        ({"order": [0, 1, 2, 3]}, "the keys order"),
        ({"order": [0, 1, 2], "reserve": 0.0}, "has 3 requests; there are 4"),
        ({"order": [0, 1, 2, 2], "reserve": 0.0}, "named twice"),
        ({"order": [0, 1, 2, 4], "reserve": 0.0}, "numbered 0 to 3"),
        ({"order": [0, 1, 2, -1], "reserve": 0.0}, "numbered 0 to 3"),
        ({"order": [0, 1, 2, True], "reserve": 0.0}, "a bool"),
        ({"order": np.array([0.0, 1, 2, 3]), "reserve": 0.0}, "float64"),
        ({"order": None, "reserve": 0.0}, "a NoneType"),
        ({"order": [0, 1, 2, 3], "reserve": 1.0}, "0 to 0.9"),
        ({"order": [0, 1, 2, 3], "reserve": -0.1}, "0 to 0.9"),
        ({"order": [0, 1, 2, 3], "reserve": True}, "0 to 0.9"),
        ({"order": [0, 1, 2, 3], "reserve": float("nan")}, "0 to 0.9"),
    ],
)
def test_what_is_no_answer_is_refused(answer: Any, reason: str) -> None:
    instance = Instance("four", "any", batch(1000))
    with pytest.raises(Illegal, match=reason):
        PrefixBatching().verify(instance, answer, Labels(0, instance))


def test_outputs_are_hidden() -> None:
    """The question is the same whatever the outputs are."""
    instance = problem().instances("train")[0]
    other = replace(instance, data=replace(instance.data, output=[7] * len(instance.data.output)))
    questions = [problem().evaluator.question(i, Labels(0, instance)) for i in (instance, other)]
    assert questions[0] == questions[1]
    assert set(questions[0]) == {"group", "suffix", "prefix", "guess", "capacity", "chunk", "costs"}


# The paper's ratios, and golden figures


def mean(made: Evaluation) -> float:
    assert made.gap_mean is not None
    return made.gap_mean


def test_the_ratios_of_the_paper() -> None:
    """1.9, 1.4 and 1.06 in a prototype, for 60,000, 120,000 and 240,000 tokens of cache; the paper has 1.1 to 2."""
    spans: dict[str, list[float]] = {}
    for name in ("vllm", "batchllm", "best_constant", "grouped"):
        results = measured(name, "test").results
        spans[name] = [
            float(np.mean([result.metrics["makespan"] for result in results if f" {size:,} " in result.group]))
            for size in (60_000, 120_000, 240_000)
        ]
    ratios = {name: [v / m for v, m in zip(spans["vllm"], spans[name], strict=True)] for name in spans}
    assert ratios["best_constant"] == pytest.approx([2.19, 1.38, 1.08], abs=0.01)
    assert ratios["batchllm"] == pytest.approx([2.03, 1.29, 1.07], abs=0.01)
    assert ratios["grouped"] == pytest.approx([1.96, 1.28, 1.06], abs=0.01)


def test_the_order_of_the_baselines() -> None:
    gaps = {name: gap(name) for name in problem().baselines}
    assert 0 < gaps["best_constant"] < min(gaps["batchllm"], gaps["grouped"]) < gaps["longest_first"] < gaps["vllm"]


def test_gaps_to_the_digit() -> None:
    assert {name: round(gap(name), 2) for name in GOLDEN} == GOLDEN
    assert set(GOLDEN) == {"initial", *problem().baselines}


def test_labels_matter_as_little_as_the_order_within_groups() -> None:
    again = evaluate(problem(), problem().baselines["batchllm"], "train", InProcessSandbox(), relabelling=3)
    assert mean(again) == pytest.approx(mean(measured("batchllm")), abs=1.0)


def test_references_agree_with_the_stored_ones() -> None:
    assert disagreements(problem(), 1) == []
