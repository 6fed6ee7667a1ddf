"""Model placement: the verifier, the exact search and the bound against all placements of small fleets."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from evaluators.gpus.fleets import UNIT, Fleet, generate, published
from evaluators.gpus.packing import TooManyNodes, bins_needed, least_pressure, pressure, pressure_bound, value
from evaluators.gpus.placement import ModelPlacement, leaderboard, round_robin
from evaluators.protocol import Illegal, Instance, Labels, Reference

EVALUATOR = ModelPlacement()


@st.composite
def fleets(draw: Any) -> Fleet:
    """Up to 3 GPUs and 6 models, large ones among them; not all of them can be placed."""
    gpus, n = draw(st.integers(1, 3)), draw(st.integers(1, 6))

    def integers(low: int, high: int) -> Any:
        return draw(st.lists(st.integers(low, high), min_size=n, max_size=n))

    return Fleet(gpus, 20, integers(1, 12), integers(1, 9), integers(1, 10))


def legal(fleet: Fleet) -> list[tuple[int, ...]]:
    """All placements that leave memory free everywhere."""
    return [
        placement
        for placement in product(range(fleet.gpus), repeat=len(fleet.size))
        if all(
            sum(size for gpu, size in zip(placement, fleet.size, strict=True) if gpu == g) < fleet.memory
            for g in range(fleet.gpus)
        )
    ]


def by_hand(fleet: Fleet, placement: Any) -> float:
    """The largest K of any GPU, from its definition."""
    pressures = []
    for g in range(fleet.gpus):
        on = [j for j, gpu in enumerate(placement) if gpu == g]
        pressures.append(
            sum(fleet.rate[j] / fleet.slo[j] for j in on) / (fleet.memory - sum(fleet.size[j] for j in on))
        )
    return max(pressures)


def instance(fleet: Fleet, group: str = "drawn") -> Instance:
    return Instance("drawn", group, fleet)


class Identity(Labels):
    """No relabelling, to follow a case by hand."""

    def permutation(self, kind: str, size: int) -> list[int]:
        return list(range(size))


SMALL = Fleet(2, 80, [20, 30, 40], [10, 6, 5], [5, 6, 10])


def test_three_models_by_hand() -> None:
    """Loads are 2, 1 and 0.5. Models 0 and 1 together: 3 / 30 = 0.1 against 0.5 / 40. Models 1 and 2: 1.5 / 10 against
    2 / 60. Models 0 and 2: 2.5 / 20 against 1 / 50. All on one GPU would take 90 of 80 GB. The best is 0.1."""
    made = instance(SMALL)
    for answer, K in (([0, 0, 1], 3 / 30), ([1, 0, 0], 1.5 / 10), ([1, 0, 1], 2.5 / 20)):
        outcome = EVALUATOR.verify(made, answer, Identity(0, made))
        assert outcome.cost == pytest.approx(K, rel=1e-15)
    assert outcome.decisions == [0, 1, 0], "GPUs are numbered in the order in which models use them"
    assert outcome.trace() == [(0, 0, 20, 0), (1, 0, 30, 1), (0, 20, 60, 2)]
    assert value(least_pressure(SMALL, [1, 0, 0])[0]) == pytest.approx(0.1, rel=1e-15)
    with pytest.raises(Illegal, match="the models on GPU 0 take 90 GB; they must take less than 80 GB"):
        EVALUATOR.verify(made, [0, 0, 0], Identity(0, made))


def test_a_gpu_filled_to_the_last_gigabyte_is_refused() -> None:
    made = instance(Fleet(2, 80, [40, 40, 39], [1, 1, 1], [5, 5, 5]))
    with pytest.raises(Illegal, match="the models on GPU 1 take 80 GB; they must take less than 80 GB"):
        EVALUATOR.verify(made, [1, 1, 0], Identity(0, made))
    assert EVALUATOR.verify(made, [1, 0, 0], Identity(0, made)).cost == pytest.approx(0.4)


@given(fleets())
@settings(max_examples=150, deadline=None)
def test_the_exact_search_and_the_bound_against_all_placements(fleet: Fleet) -> None:
    placements = legal(fleet)
    assume(placements)
    exact = min(pressure(fleet, placement) for placement in placements)
    assert pressure_bound(fleet) <= exact
    for start in (placements[0], placements[-1]):
        found, placement = least_pressure(fleet, start)
        assert found == exact == pressure(fleet, placement)
        assert tuple(placement) in placements


@given(st.lists(st.integers(1, 30), min_size=1, max_size=7), st.integers(30, 60))
@settings(max_examples=100, deadline=None)
def test_l2_never_asks_for_more_bins_than_are_needed(items: list[int], size: int) -> None:
    needed = next(
        count
        for count in range(1, len(items) + 1)
        for placement in product(range(count), repeat=len(items))
        if all(sum(i for i, b in zip(items, placement, strict=True) if b == bin_) <= size for bin_ in range(count))
    )
    assert -(-sum(items) // size) <= bins_needed(items, size) <= needed


def test_l2_by_hand() -> None:
    """Three items of 6 in bins of 10 share no bin, though 18 would fit into two; with alpha = 5, 6 and 6 leave no room
    for the two of 5, which need one more; items of 10 take a bin each."""
    assert bins_needed([6, 6, 6], 10) == 3
    assert bins_needed([6, 6, 5, 5], 10) == 3
    assert bins_needed([10, 10, 1], 10) == 3
    assert bins_needed([5, 5, 5, 5], 10) == 2


def test_the_exact_search_gives_up_when_told() -> None:
    fleet = published()[0]
    with pytest.raises(TooManyNodes):
        least_pressure(fleet, round_robin(fleet), nodes=3)


def test_references_say_what_is_proven() -> None:
    made = instance(SMALL)
    bound = EVALUATOR.reference(made)
    assert bound.kind == "bound"
    assert 0 < bound.value <= 0.1
    assert EVALUATOR.reference(instance(SMALL, "published")) == Reference(0.1, "optimal")
    assert EVALUATOR.gap(made, 0.15, Reference(0.1, "optimal")) == pytest.approx(50.0)


def test_the_leaderboards_score_by_hand() -> None:
    """Round robin puts models 0 and 2 together: K = 0.125. Spread evenly: 3.5 / (160 - 90) = 0.05. K = 0.1 is one third
    of the way: 100 sqrt(1 / 3). Worse than round robin scores 0, not less."""
    assert round_robin(SMALL) == [0, 1, 0]
    assert leaderboard(SMALL, Fraction(UNIT, 10)) == pytest.approx(100 * (1 / 3) ** 0.5)
    assert leaderboard(SMALL, Fraction(UNIT, 8)) == 0
    assert leaderboard(SMALL, Fraction(UNIT, 5)) == 0
    outcome = EVALUATOR.verify(instance(SMALL, "published"), [0, 0, 1], Identity(0, instance(SMALL)))
    assert outcome.metrics == {"leaderboard": pytest.approx(57.735026919)}


@given(fleets(), st.randoms(use_true_random=False), st.integers(0, 9))
@settings(max_examples=150, deadline=None)
def test_any_legal_answer_verifies_at_its_own_cost(fleet: Fleet, rng: random.Random, seed: int) -> None:
    placements = legal(fleet)
    assume(placements)
    made = instance(fleet)
    labels = Labels(seed, made)
    question = EVALUATOR.question(made, labels)
    asked = Fleet(question["gpus"], question["memory"], question["size"], question["rate"], question["slo"])
    answer = rng.choice(legal(asked))
    outcome = EVALUATOR.verify(made, list(answer), labels)
    assert outcome.cost == pytest.approx(by_hand(asked, answer), rel=1e-12)
    assert outcome.cost == pytest.approx(by_hand(fleet, outcome.decisions), rel=1e-12)
    assert outcome.cost >= EVALUATOR.reference(made).value * (1 - 1e-12)
    assert EVALUATOR.verify(made, np.array(answer), labels).cost == outcome.cost


@given(fleets(), st.data())
@settings(max_examples=100, deadline=None)
def test_any_single_corruption_is_refused(fleet: Fleet, data: Any) -> None:
    placements = legal(fleet)
    assume(placements)
    made = instance(fleet)
    answer: list[Any] = list(data.draw(st.sampled_from(placements)))
    place = data.draw(st.integers(0, len(answer) - 1))
    bad = [st.integers(fleet.gpus, 2**70), st.integers(max_value=-1), st.booleans(), st.floats(), st.none(), st.text()]
    answer[place] = data.draw(st.one_of(bad))
    with pytest.raises(Illegal, match=f"model {place} is"):
        EVALUATOR.verify(made, answer, Identity(0, made))


@given(fleets(), st.data())
@settings(max_examples=100, deadline=None)
def test_any_overfull_gpu_is_refused(fleet: Fleet, data: Any) -> None:
    made = instance(fleet)
    answer = data.draw(st.lists(st.integers(0, fleet.gpus - 1), min_size=len(fleet.size), max_size=len(fleet.size)))
    assume(tuple(answer) not in legal(fleet))
    with pytest.raises(Illegal, match=r"the models on GPU \d take \d+ GB; they must take less than 20 GB"):
        EVALUATOR.verify(made, answer, Identity(0, made))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (None, "not a NoneType"),
        ({0: [0, 1, 2]}, "not a dict"),
        ("001", "not a str"),
        ([0, 1], "returned 2 GPUs; there are 3 models"),
        ([0, 1, 0, 1], "returned 4 GPUs"),
        ([0, 0, 2], "model 2 is on GPU 2; GPUs are numbered 0 to 1"),
        ([0, 0, -1], "model 2 is on GPU -1"),
        ([0, False, 1], "the GPU of model 1 is a bool"),
        ([0, 0.0, 1], "the GPU of model 1 is a float"),
        (np.array([0.0, 0.0, 1.0]), "the GPU of model 0 is a float"),
        ([0, [0], 1], "the GPU of model 1 is a list"),
    ],
)
def test_a_corrupted_answer_is_refused_with_the_reason(answer: Any, reason: str) -> None:
    made = instance(SMALL)
    with pytest.raises(Illegal, match=reason):
        EVALUATOR.verify(made, answer, Identity(0, made))


def test_the_question_is_the_relabelled_fleet_and_nothing_else(run: Any, recorder: Any) -> None:
    fleet = published()[0]
    n = len(fleet.size)
    source = "def solve(instance): return [j % instance['gpus'] for j in range(len(instance['size']))]"
    run(EVALUATOR, [instance(fleet)], source, session=recorder, functions=["solve"])
    [message] = [message for message in recorder.messages if message["op"] == "call"]
    [question] = message["arguments"]
    assert set(question) == {"gpus", "memory", "size", "rate", "slo"}
    models = list(zip(question["size"], question["rate"], question["slo"], strict=True))
    true = list(zip(fleet.size, fleet.rate, fleet.slo, strict=True))
    assert sorted(models) == sorted(true)
    assert models != true
    order = Labels(0, instance(fleet)).permutation("model", n)
    assert models == [true[j] for j in order]


def test_published_cases_are_numpys_legacy_draws() -> None:
    """The first case: 8 GPUs; np.random.seed(42) gives 3 for randint(5, 10) - 5, then 24, 8, 9 for the first model."""
    cases = published()
    assert len(cases) == 50
    assert {fleet.gpus for fleet in cases} == {5, 6, 7, 8, 9}
    first = cases[0]
    assert (first.gpus, len(first.size), first.memory) == (8, 16, 80)
    rng = np.random.RandomState(42)
    assert int(rng.randint(5, 10)) == 8
    drawn = [(int(rng.randint(10, 30)), int(rng.randint(1, 10)), int(rng.randint(5, 10))) for _ in range(16)]
    assert list(zip(first.size, first.rate, first.slo, strict=True)) == drawn


@pytest.mark.parametrize("sizes", ["lognormal", "bimodal"])
def test_generated_fleets(sizes: str) -> None:
    """They reproduce, keep to their ranges, and largest first on the emptiest GPU is legal."""
    for k in range(10):
        fleet = generate(f"fleet {k}", [6, 9], [4, 6], [0.8, 0.9], sizes)
        assert fleet == generate(f"fleet {k}", [6, 9], [4, 6], [0.8, 0.9], sizes)
        assert 6 <= fleet.gpus <= 9
        assert 4 * fleet.gpus - 1 <= len(fleet.size) <= 6 * fleet.gpus + 1
        assert 0.7 <= sum(fleet.size) / (80 * fleet.gpus) <= 0.95
        assert all(1 <= size <= 40 for size in fleet.size)
        assert all(1 <= rate <= 200 for rate in fleet.rate)
        assert all(5 <= slo <= 9 for slo in fleet.slo)
        assert [load / UNIT for load in fleet.load] == pytest.approx(
            [rate / slo for rate, slo in zip(fleet.rate, fleet.slo, strict=True)], rel=1e-15
        )
        used = [0] * fleet.gpus
        for size in sorted(fleet.size, reverse=True):
            used[used.index(min(used))] += size
        assert max(used) < 80
    with pytest.raises(ValueError, match="'lognormal' or 'bimodal', not 'normal'"):
        generate("x", [6, 9], [4, 6], [0.8, 0.9], "normal")
