"""Total tardiness: the simulator, the verifier, and what a candidate gets to see."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators.machines.lawler import optimal_tardiness
from evaluators.machines.tardiness import Jobs, SingleMachineTardiness, generate
from evaluators.protocol import Illegal, Instance, Labels, Outcome, Reference

EVALUATOR = SingleMachineTardiness()
EXAMPLE = Instance("example", "six jobs", Jobs([10, 11, 10, 10, 11, 10], [15, 11, 13, 11, 12, 11]))
MDD = "def priority(p, d, t): return max(t + p, d)"

instances = st.lists(st.tuples(st.integers(1, 30), st.integers(0, 90)), min_size=1, max_size=7).map(
    lambda pairs: Instance("drawn", "drawn", Jobs([a for a, _ in pairs], [b for _, b in pairs]))
)


def test_mdd_on_the_papers_example_by_hand(run: Any) -> None:
    """MDD: 1 0 2 3 5 4 completes at 11 21 31 41 51 62: T = 0 + 6 + 18 + 30 + 40 + 50."""
    [played] = run(EVALUATOR, [EXAMPLE], MDD)
    assert played.outcome.decisions == [1, 0, 2, 3, 5, 4]
    assert played.outcome.cost == 144
    assert played.outcome.metrics == {"tardy_jobs": 5, "T_max": 50}
    assert played.outcome.trace()[:2] == [(1, 0, 0, 0, 11), (0, 0, 0, 11, 21)]


def test_ties_go_by_the_true_index_whatever_the_labels(run: Any) -> None:
    for relabelling in range(5):
        [played] = run(EVALUATOR, [EXAMPLE], "def priority(): return 0", relabelling)
        assert played.outcome.decisions == [0, 1, 2, 3, 4, 5]


def test_relabelling_does_not_change_a_rule(run: Any) -> None:
    made = EVALUATOR.instances("relabel", n=[30], per_class=[1])
    rule = "def priority(p, d, t, p_mean): return max(t + p, d) + p / (t + p_mean) + 1e-9 * d"
    first, second = run(EVALUATOR, made, rule, 0), run(EVALUATOR, made, rule, 1)
    assert [a.outcome.cost for a in first] == [b.outcome.cost for b in second]
    assert [a.behaviour for a in first] == [b.behaviour for b in second]


def test_exactly_the_features_taken_cross(run: Any, recorder: Any) -> None:
    run(EVALUATOR, [EXAMPLE], "def priority(d, t): return d", session=recorder)
    load, *rest = recorder.messages
    assert set(load) == {"op", "source", "functions", "features"}
    calls = [message for message in rest if message["op"] == "priority"]
    assert len(calls) == 5, "six jobs leave five choices"
    for message in calls:
        assert set(message) == {"op", "episodes", "over", "rows", "columns", "scalars"}
        assert (set(message["columns"]), set(message["scalars"])) == ({"d"}, {"t"})


def test_features_have_the_stated_values(run: Any, recorder: Any) -> None:
    source = "def priority(p, d, t, P_rem, p_max, p_mean, n_rem): return d"
    [played] = run(EVALUATOR, [EXAMPLE], source, session=recorder)
    calls = [message for message in recorder.messages if message["op"] == "priority"]
    sequence = played.outcome.decisions
    for step, message in enumerate(calls):
        done, left = sequence[:step], sequence[step:]
        p = [EXAMPLE.data.p[j] for j in left]
        assert sorted(message["columns"]["p"].tolist()) == sorted(p)
        assert {name: values[0] for name, values in message["scalars"].items()} == {
            "t": sum(EXAMPLE.data.p[j] for j in done),
            "P_rem": sum(p),
            "p_max": max(p),
            "p_mean": sum(p) / len(p),
            "n_rem": len(p),
        }


def test_the_question_is_the_relabelled_instance_and_nothing_else(run: Any, recorder: Any) -> None:
    source = "def solve(instance): return sorted(range(len(instance['p'])), key=lambda j: instance['d'][j])"
    run(EVALUATOR, [EXAMPLE], source, session=recorder)
    [message] = [message for message in recorder.messages if message["op"] == "call"]
    assert set(message) == {"op", "episodes", "over", "arguments"}
    [question] = message["arguments"]
    assert set(question) == {"p", "d"}
    pairs = list(zip(question["p"], question["d"], strict=True))
    assert sorted(pairs) == sorted(zip(EXAMPLE.data.p, EXAMPLE.data.d, strict=True))
    assert pairs != list(zip(EXAMPLE.data.p, EXAMPLE.data.d, strict=True))


@given(instances, st.randoms(use_true_random=False), st.integers(0, 9))
def test_any_legal_answer_verifies_at_its_own_cost(instance: Instance, random: Any, seed: int) -> None:
    labels = Labels(seed, instance)
    question = EVALUATOR.question(instance, labels)
    order = list(range(len(question["p"])))
    random.shuffle(order)
    t = expected = 0
    for job in order:
        t += question["p"][job]
        expected += max(0, t - question["d"][job])
    outcome = EVALUATOR.verify(instance, order, labels)
    assert outcome.cost == expected
    assert outcome.cost >= optimal_tardiness(instance.data.p, instance.data.d)


@given(instances)
def test_the_optimum_is_what_the_best_answer_costs(instance: Instance) -> None:
    labels = Labels(0, instance)
    n = len(instance.data.p)
    if n <= 6:
        costs = [EVALUATOR.verify(instance, list(order), labels).cost for order in permutations(range(n))]
        assert EVALUATOR.reference(instance) == Reference(min(costs), "optimal")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (None, "not a NoneType"),
        ("012345", "not a str"),
        ({0: 1}, "not a dict"),
        ([0, 1, 2], "returned 3 jobs; the instance has 6"),
        ([0, 1, 2, 3, 4, 5, 5], "returned 7 jobs"),
        ([0, 1, 2, 3, 4, 4], "job 4 is scheduled twice; the second time at position 5"),
        ([0, 1, 2, 3, 4, 6], "holds job 6; jobs are numbered 0 to 5"),
        ([-1, 1, 2, 3, 4, 5], "holds job -1"),
        ([0, 1, 2, 3, 4, 5.0], "position 5 holds a float"),
        ([0, True, 2, 3, 4, 5], "position 1 holds a bool"),
        ([[0], 1, 2, 3, 4, 5], "position 0 holds a list"),
    ],
)
def test_a_corrupted_answer_is_refused_with_the_reason(answer: Any, reason: str) -> None:
    with pytest.raises(Illegal, match=reason):
        EVALUATOR.verify(EXAMPLE, answer, Labels(0, EXAMPLE))


@given(instances.filter(lambda i: len(i.data.p) > 1), st.data())
def test_any_single_corruption_is_refused(instance: Instance, data: Any) -> None:
    n = len(instance.data.p)
    answer: list[Any] = list(data.draw(st.permutations(range(n))))
    place = data.draw(st.integers(0, n - 1))
    bad = st.one_of(st.integers(n, 2**70), st.integers(max_value=-1), st.booleans(), st.floats(), st.none(), st.text())
    answer[place] = data.draw(st.one_of(bad, st.sampled_from([x for i, x in enumerate(answer) if i != place])))
    with pytest.raises(Illegal):
        EVALUATOR.verify(instance, answer, Labels(0, instance))


def test_gap_and_figures() -> None:
    reference = Reference(100.0, "optimal")
    assert EVALUATOR.gap(EXAMPLE, 100.0, reference) == 0
    assert EVALUATOR.gap(EXAMPLE, 100.0 + 6 * 62, reference) == pytest.approx(1e4)
    assert EVALUATOR.figures(EXAMPLE, Outcome(150.0), reference) == {"paper_gap": 50.0}
    assert EVALUATOR.figures(EXAMPLE, Outcome(150.0), Reference(0.0, "optimal")) == {}


def test_generator_reproduces_to_the_bit() -> None:
    jobs = generate("smtt|test|50|0.2|0.2|0", 50, 0.2, 0.2)
    assert (jobs.p[:6], sum(jobs.p)) == ([41, 13, 17, 48, 98, 64], 2585)
    assert jobs.d[:6] == [2018, 1987, 2256, 2131, 2127, 2281]
    normal = generate("normal", 500, 0.6, 1.0, "normal")
    assert min(normal.p) >= 1
    assert min(normal.d) == 0, "negative due dates are clipped"
    assert 55 < sum(normal.p) / 500 < 65
    with pytest.raises(ValueError, match="'uniform' or 'normal', not 'gamma'"):
        generate("x", 5, 0.2, 0.2, "gamma")
