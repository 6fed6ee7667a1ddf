"""Evaluations in stages: the order of instances, and when they stop. What is stopped early would not have won."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau

from evaluators.evaluate import evaluate
from evaluators.problem import load_problem
from evaluators.staging import DIGEST, LEAST, Gate, representative, stages
from sandbox.session import InProcessSandbox

EDD = "def priority(d):\n    return d\n"
MDD = "def priority(p, d, t):\n    return max(d, t + p)\n"
LATEST = "def priority(d):\n    return -d\n"
SLOWLY_MDD = "def priority(p, d, t):\n    if d > t + p:\n        return d\n    return t + p\n"


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=60))
def test_every_instance_is_in_one_stage_and_the_first_has_the_classes(groups: list[str]) -> None:
    made = stages(groups)
    assert sorted(position for stage in made for position in stage) == list(range(len(groups)))
    assert len(made) in (1, 3)
    counts = Counter(groups[position] for position in made[0])
    if len(made[0]) >= len(set(groups)):
        assert set(counts) == set(groups)


def test_the_classes_take_turns() -> None:
    assert stages(["a"] * 8 + ["b"] * 8) == [[0, 8, 1, 9], [2, 10, 3, 11], [4, 12, 5, 13, 6, 14, 7, 15]]


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=30), st.integers(0, 4), st.data())
def test_known_programs_change_the_order_within_classes_alone(groups: list[str], programs: int, data: Any) -> None:
    of_one = st.lists(st.floats(-1e6, 1e6), min_size=len(groups), max_size=len(groups))
    gaps = data.draw(st.lists(of_one, min_size=programs, max_size=programs))
    order = representative(groups, gaps)
    assert sorted(order) == list(range(len(groups)))
    turns: Counter[str] = Counter()
    taken = []
    for position in order:
        taken.append(turns[groups[position]])
        turns[groups[position]] += 1
    assert taken == sorted(taken)


def test_the_first_instances_compare_known_programs_as_all_do() -> None:
    flat, odd = [0.0] * 8, [9.0, -9.0, 1.0, 1.5, 9.0, -9.0, 1.0, 1.5]  # the means are 0 and 0.625
    assert representative(["a"] * 8, [flat, odd])[0] in (2, 6)
    assert sorted(representative(["a"] * 8, [flat, odd])[:4]) != [0, 1, 2, 3]
    assert representative(["a"] * 8, [odd]) == representative(["a"] * 8) == list(range(8))


def test_a_common_difficulty_does_not_count() -> None:
    hard = [100.0, 0.0, 50.0, 7.0]
    assert representative(["a"] * 4, [hard, [one + 1 for one in hard]]) == [0, 1, 2, 3]


def test_a_slice_ranks_programs_that_it_was_not_made_from() -> None:
    """Programs are mixtures of two skills that instances ask for; the first stage ranks others than those it was made
    from better than the first instances do, over twenty such problems."""
    chosen, usual = [], []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        skills, easy = rng.normal(size=(2, 60)) * [[1.0], [3.0]], rng.normal(size=60) * 20
        known, others = (rng.normal(size=(programs, 2)) @ skills + easy for programs in (8, 20))
        groups = ["a"] * 60
        for taus, order in ((chosen, representative(groups, known.tolist())), (usual, representative(groups))):
            first = stages(groups, order)[0]
            taus.append(kendalltau(others[:, first].mean(axis=1), others.mean(axis=1))[0])
    assert np.mean(chosen) > np.mean(usual) + 0.1


def test_few_instances_are_one_stage() -> None:
    assert stages(["a"] * (3 * LEAST - 1)) == [list(range(3 * LEAST - 1))]


def test_a_known_digest_stops_and_a_shifted_one_does_not() -> None:
    digest = "0102030405060708090a0b0c"
    assert len(bytes.fromhex(digest)) == DIGEST
    other = b"\xff" * DIGEST
    assert Gate(other + bytes.fromhex(digest)).stops(digest, {}) == "repeats"
    assert Gate(other).stops(digest, {}) is None
    shifted = b"\xff" + bytes.fromhex(digest) + b"\xff" * (DIGEST - 1)
    assert Gate(shifted).stops(digest, {}) is None


@pytest.mark.parametrize(
    ("gaps", "stopped"),
    [
        ([15, 15.1, 14.9, 15], None),  # just as much worse as is allowed
        ([19, 19.1, 18.9, 19], "outraced"),
        ([5, 30, 5, 36], None),  # 9 worse on average, but nobody knows
        ([9, 9, 9], None),  # too few
        ([1, 1, 1, 1], None),
    ],
)
def test_the_race_is_lost_beyond_the_slack_and_beyond_doubt(gaps: list[float], stopped: str | None) -> None:
    gate = Gate(bar=[10.0] * 8, slack=0.5)
    assert gate.stops("00" * DIGEST, dict(enumerate(gaps))) == stopped


@given(st.lists(st.tuples(st.floats(-50, 50), st.floats(0, 50)), min_size=LEAST, max_size=20))
def test_who_is_nowhere_worse_than_the_bar_is_never_stopped(pairs: list[tuple[float, float]]) -> None:
    bar = [low + above for low, above in pairs]
    assert Gate(bar=bar).stops("00" * DIGEST, {i: low for i, (low, _) in enumerate(pairs)}) is None


def test_a_program_that_repeats_another_one_is_stopped_after_the_probe(tiny: Path) -> None:
    problem, sandbox = load_problem(str(tiny)), InProcessSandbox()
    first = evaluate(problem, MDD, "train", sandbox, gate=Gate())
    assert first.valid
    assert first.share == 1
    assert first.probe is not None
    whole = evaluate(problem, MDD, "train", sandbox)
    assert (whole.behaviour, whole.gaps, whole.probe) == (first.behaviour, first.gaps, None)
    second = evaluate(problem, SLOWLY_MDD, "train", sandbox, gate=Gate(bytes.fromhex(first.probe)))
    assert (second.stopped, second.valid, second.probe) == ("repeats", False, first.probe)
    assert second.share == LEAST / 20 == len(second.results) / 20
    assert second.gap_mean is None
    assert second.behaviour is None


def test_a_program_that_is_far_behind_is_stopped(tiny: Path) -> None:
    problem, sandbox = load_problem(str(tiny)), InProcessSandbox()
    bar = evaluate(problem, MDD, "train", sandbox).gaps
    lost = evaluate(problem, LATEST, "train", sandbox, gate=Gate(bar=bar))
    assert lost.stopped == "outraced"
    assert lost.share < 1
    assert evaluate(problem, MDD, "train", sandbox, gate=Gate(bar=bar)).valid
    assert evaluate(problem, EDD, "train", sandbox, gate=Gate(bar=bar, slack=1e9)).valid


def test_stages_come_in_the_order_of_the_gate(tiny: Path) -> None:
    problem, sandbox = load_problem(str(tiny)), InProcessSandbox()
    bar, backwards = evaluate(problem, MDD, "train", sandbox).gaps, list(range(20))[::-1]
    lost = evaluate(problem, LATEST, "train", sandbox, gate=Gate(bar=bar, order=backwards))
    last = [instance.key for instance in problem.instances("train")[-LEAST:]]
    assert [result.instance for result in lost.results] == last
    whole = evaluate(problem, MDD, "train", sandbox, gate=Gate(order=backwards))
    assert whole.gaps == bar
