"""Training runs under a schedule: hand-computed steps, naive loops, slopes by differences; and what is refused."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from evaluators.learning.schedules import LearningRate, Training
from evaluators.learning.training import Logistic, Network, Quadratic, _slopes, generator
from evaluators.protocol import Illegal, Instance, Labels, Outcome, Reference

EVALUATOR = LearningRate()
RATES = tuple(np.geomspace(0.01, 2.0, 12).tolist())
SMALL = Instance("small", "quadratic", Training(Quadratic(8, 1.0, 20), RATES, "low"))
LINEAR = "def solve(instance): return [1 - t / instance['T'] for t in range(instance['T'])]"


def one(task: Any, rates: list[float]) -> float:
    return float(task.losses(np.array(rates)[:, None])[0])


def test_quadratic_by_hand() -> None:
    """h = 1: v = 1 -> .5^2 + .5^2 = .5 -> .25 * .5 + .25 = .375. h = 1/2 at eta = 1: v = .5^2 + .5 = .75."""
    assert one(Quadratic(1, 1.0, 1), [0.5]) == 0.5 * 0.5
    assert one(Quadratic(2, 1.0, 1), [0.5, 0.5]) == 0.5 * 0.375
    assert one(Quadratic(1, 1.0, 2), [1.0]) == 0.5 * (1.0 + 0.5 * 0.75)
    # norms: sum h^2 v + h = 1 + 1/4 + 1 + 1/2 at the start; after eta = 1: 1 * 1 + 1/4 * .75 + 1 + 1/2
    norms = Quadratic(2, 1.0, 2).gradient_norms(np.array([1.0, 1.0]))
    assert norms.tolist() == [math.sqrt(2.75), math.sqrt(2.6875)]


def test_quadratic_is_the_mean_of_sampled_runs() -> None:
    rng, task, rates = np.random.default_rng(1), Quadratic(6, 1.0, 3), [0.9, 0.7, 0.5, 0.4, 0.2, 0.1]
    x = rng.standard_normal((200_000, 3))
    for eta in rates:
        x = x - eta * (task.h * x + np.sqrt(task.h) * rng.standard_normal(x.shape))
    assert one(task, rates) == pytest.approx(0.5 * (task.h * x**2).sum(axis=1).mean(), rel=0.01)


def test_the_bound_is_met_where_there_is_a_single_direction() -> None:
    """With h = 1, the best rates are v_t = 1 / (1 + t): after 5 steps v = 1/6."""
    task = Quadratic(5, 1.0, 1)
    assert one(task, [1 / (2 + t) for t in range(5)]) == pytest.approx(task.bound) == 1 / 12


@pytest.mark.parametrize(
    ("T", "power", "optimum", "bound"),
    [
        (30, 0.5, -5.36, -14.15),
        (30, 1.0, -2.31, -14.01),
        (30, 1.5, -1.75, -15.82),
        (100, 0.5, -10.82, -22.58),
        (100, 1.0, -1.92, -21.33),
        (100, 1.5, -2.39, -22.35),
    ],
)
def test_how_far_linear_decay_is_from_the_optimum(T: int, power: float, optimum: float, bound: float) -> None:
    """100 ln of the least loss over all step sizes, and of the bound, over that of linear decay."""
    [instance, _] = EVALUATOR.instances("test", tasks=["quadratic"], steps=[[T, 1000]], powers=[power], jitter=False)
    reference = EVALUATOR.reference(instance)
    assert reference.bound is not None
    least = best_steps(instance.data.task, instance.data.base_rates)
    assert EVALUATOR.gap(instance, least, reference) == pytest.approx(optimum, abs=0.02)
    assert EVALUATOR.gap(instance, reference.bound, reference) == pytest.approx(bound, abs=0.01)


def best_steps(task: Quadratic, base_rates: tuple[float, ...]) -> float:
    """Least final loss over all sequences of rates, by L-BFGS with the gradient by back-propagation."""
    h = task.h

    def value(rates: Any) -> tuple[float, Any]:
        v = [np.ones_like(h)]
        for eta in rates:
            v.append((1 - eta * h) ** 2 * v[-1] + eta**2 * h)
        slope, gradient = 0.5 * h, np.empty_like(rates)
        for t in range(len(rates) - 1, -1, -1):
            gradient[t] = slope @ (2 * rates[t] * h - 2 * h * (1 - rates[t] * h) * v[t])
            slope = slope * (1 - rates[t] * h) ** 2
        return float(0.5 * h @ v[-1]), gradient

    linear = 1 - np.arange(task.T) / task.T
    start = min((base * linear for base in base_rates), key=lambda rates: value(rates)[0])
    return float(minimize(value, start, jac=True, method="L-BFGS-B", bounds=[(0, None)] * task.T).fun)


def test_logistic_against_a_naive_loop() -> None:
    task, rates = Logistic(20, "naive"), np.linspace(3.0, 0.2, 20)
    drawn = generator("naive|batches").integers(0, 1000, (20, 4, 8))
    losses = []
    for replicate in range(4):
        examples = task.signed[replicate]
        w = np.zeros(50)
        for t in range(20):
            step = np.zeros(50)
            for i in drawn[t, replicate]:
                step += examples[i] / (1 + math.exp(examples[i] @ w)) / 8
            w += rates[t] * step
        losses.append(np.log1p(np.exp(-examples @ w)).mean() - task.optimum[replicate])
    assert one(task, rates.tolist()) == pytest.approx(np.mean(losses))


def test_logistic_optimum_is_that_of_another_method() -> None:
    task = Logistic(5, "optimum")
    for replicate in range(2):
        examples = task.signed[replicate]
        found = minimize(
            lambda w, examples=examples: np.log1p(np.exp(-examples @ w)).mean(), np.zeros(50), method="L-BFGS-B"
        )
        assert task.optimum[replicate] <= found.fun
        assert task.optimum[replicate] == pytest.approx(found.fun, abs=1e-5)


def test_slopes_of_the_network_by_differences() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((6, 3)), rng.standard_normal((6, 1))
    weights = [rng.standard_normal((3, 4)), rng.standard_normal((4, 1))]

    def loss() -> float:
        return float(0.5 * np.square(np.tanh(x @ weights[0]) @ weights[1] - y).mean())

    for layer, slope in zip(weights, _slopes(weights[0], weights[1], x, y), strict=True):
        for place in np.ndindex(layer.shape):
            layer[place] += 1e-6
            up = loss()
            layer[place] -= 2e-6
            down = loss()
            layer[place] += 1e-6
            assert slope[place] == pytest.approx((up - down) / 2e-6, abs=1e-7)


def test_network_against_one_run_at_a_time() -> None:
    task, rates = Network(12, "alone"), np.linspace(0.5, 0.05, 12)
    x, y, fresh, truth = task.data
    drawn = generator("alone|batches").integers(0, 2000, (12, 2, 8))
    losses = []
    for replicate in range(2):
        first, second = (weights[replicate, 0] for weights in task._start(1))
        for t in range(12):
            batch = drawn[t, replicate]
            slopes = _slopes(first, second, x[replicate, batch], y[replicate, batch])
            first, second = first - rates[t] * slopes[0], second - rates[t] * slopes[1]
        losses.append(0.5 * np.square(np.tanh(fresh[replicate] @ first) @ second - truth[replicate]).mean())
    assert one(task, rates.tolist()) == pytest.approx(np.mean(losses))


@pytest.mark.parametrize("task", [Quadratic(15, 1.0), Logistic(15, "columns"), Network(15, "columns")])
def test_columns_are_runs_of_their_own_and_repeat(task: Any) -> None:
    shape = np.linspace(1.0, 0.1, 15)
    together = task.losses(np.outer(shape, [0.1, 0.3, 1.0]))
    assert together.tolist() == pytest.approx([one(task, (base * shape).tolist()) for base in (0.1, 0.3, 1.0)])
    assert task.losses(np.outer(shape, [0.1, 0.3, 1.0])).tolist() == together.tolist()
    assert task.gradient_norms(shape).shape == (15,)


def test_divergence_is_an_infinite_loss_and_loses_against_a_smaller_base_rate() -> None:
    assert one(Quadratic(3000, 1.0, 2), [2.5] * 3000) == math.inf
    instance = Instance("diverges", "", Training(Quadratic(3000, 1.0, 2), (0.1, 2.5), "high"))
    outcome = EVALUATOR.verify(instance, [1.0] * 3000, Labels(0, instance))
    assert outcome.cost == one(instance.data.task, [0.1] * 3000)
    assert outcome.metrics == {"at_end_of_grid": 1.0}


def test_the_best_base_rate_counts() -> None:
    """One step with h = 1: (1 - eta)^2 + eta^2 is least at eta = .5, so of .1, .4 and .9 the rate .4 wins: .52 / 2."""
    instance = Instance("grid", "", Training(Quadratic(1, 1.0, 1), (0.1, 0.4, 0.9), "low"))
    assert EVALUATOR.verify(instance, [1.0], Labels(0, instance)).cost == pytest.approx(0.26)


def test_the_scale_of_a_schedule_does_not_count() -> None:
    shape = [1.0, 0.9, 0.9, 0.5, 0.4, 0.2, 0.1, 0.0]
    costs = {EVALUATOR.verify(SMALL, [c * m for m in shape], Labels(0, SMALL)).cost for c in (1.0, 0.7, 0.3, 1e-9)}
    assert len(costs) == 1


@given(st.lists(st.floats(0, 1), min_size=8, max_size=8).filter(any), st.booleans())
@settings(max_examples=100, deadline=None)
def test_any_multipliers_in_range_verify_and_respect_the_bound(multipliers: list[float], array: bool) -> None:
    outcome = EVALUATOR.verify(SMALL, np.array(multipliers) if array else multipliers, Labels(0, SMALL))
    assert outcome.decisions == multipliers
    assert SMALL.data.task.bound <= outcome.cost < math.inf


BAD = st.one_of(
    st.floats(max_value=-1e-12),
    st.floats(min_value=1 + 1e-12),
    st.integers(min_value=2),
    st.sampled_from([math.nan, None, True, False, "0.5", [0.5], b"1"]),
)


@given(st.lists(st.floats(0, 1), min_size=8, max_size=8), st.integers(0, 7), BAD)
def test_any_single_corruption_is_refused(multipliers: list[Any], place: int, bad: Any) -> None:
    multipliers[place] = bad
    with pytest.raises(Illegal, match=f"the multiplier of step {place} is"):
        EVALUATOR.verify(SMALL, multipliers, Labels(0, SMALL))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (None, "a list of 8 multipliers, not a NoneType"),
        (0.5, "not a float"),
        ("11111111", "not a str"),
        (dict.fromkeys(range(8), 1.0), "not a dict"),
        ([1.0] * 7, "returned 7 multipliers; T is 8"),
        ([1.0] * 9, "returned 9 multipliers; T is 8"),
        ([0.0] * 8, "all multipliers are 0"),
        (np.ones((8, 1)), "shape"),
        (np.ones(8, dtype=bool), "array of bool"),
        (np.ones(9), "returned 9"),
        (np.full(8, np.nan), "step 0 is nan"),
        (np.full(8, 1.5), "step 0 is 1.5; it must be between 0 and 1"),
    ],
)
def test_what_is_refused_and_why(answer: Any, reason: str) -> None:
    with pytest.raises(Illegal, match=reason):
        EVALUATOR.verify(SMALL, answer, Labels(0, SMALL))


def test_exactly_the_question_crosses(run: Any, recorder: Any) -> None:
    """Norms of linear decay at its best base rate, in units of their mean; no name of the task, no base rate."""
    run(EVALUATOR, [SMALL], LINEAR, session=recorder)
    [message] = [message for message in recorder.messages if message["op"] == "call"]
    [question] = message["arguments"]
    assert set(question) == {"T", "grad_norms"}
    linear = 1 - np.arange(8) / 8
    best = min(RATES, key=lambda base: one(SMALL.data.task, (base * linear).tolist()))
    norms = SMALL.data.task.gradient_norms(best * linear)
    assert question["T"] == 8
    assert question["grad_norms"] == pytest.approx((norms / norms.mean()).tolist())


@pytest.mark.parametrize("kind", ["logistic", "network"])
def test_the_earlier_run_does_not_share_the_batches_that_are_judged(kind: str, monkeypatch: Any) -> None:
    """Other batches of the judged runs leave the question as it is."""
    [instance] = EVALUATOR.instances("apart", tasks=[kind], steps=[[40]])
    task = instance.data.task
    rates = np.linspace(0.5, 0.1, task.T)
    norms, loss = task.gradient_norms(rates), one(task, rates.tolist())
    module = "evaluators.learning.training.generator"
    monkeypatch.setattr(module, lambda key: generator(key + "!" if key.endswith("|batches") else key))
    assert task.gradient_norms(rates).tolist() == norms.tolist()
    assert one(task, rates.tolist()) != loss


def test_instances_are_made_again_the_same_and_jitter_stays_within_bounds() -> None:
    spec: dict[str, Any] = {"tasks": ["quadratic", "logistic"], "steps": [[30, 300, 1000], [50, 200]], "powers": [1.0]}
    made = EVALUATOR.instances("a", **spec, repeat=3)
    assert made == EVALUATOR.instances("a", **spec, repeat=3)
    assert [i.data.budget for i in made] == ["low", "middle", "high", *["low"] * 3, *["high"] * 3]
    nominal = [30, 300, 1000, *[50] * 3, *[200] * 3]
    exact = EVALUATOR.instances("a", **spec, repeat=3, jitter=False)
    assert [i.data.task.T for i in exact] == nominal
    for instance, fixed in zip(made, exact, strict=True):
        assert abs(instance.data.task.T / fixed.data.task.T - 1) < 0.1 + 0.5 / fixed.data.task.T
        shift = math.log(instance.data.base_rates[0] / fixed.data.base_rates[0])
        assert abs(shift) <= 0.5 * math.log(fixed.data.base_rates[1] / fixed.data.base_rates[0])
        ratios = np.array(instance.data.base_rates) / np.array(fixed.data.base_rates)
        assert ratios.tolist() == pytest.approx([math.exp(shift)] * 12)
    assert len({i.data.task.T for i in made[6:]}) > 1


def test_gap_and_figures() -> None:
    reference = Reference(2.0, "baseline")
    assert EVALUATOR.gap(SMALL, 2.0, reference) == 0
    assert EVALUATOR.gap(SMALL, 2.0 * math.e, reference) == pytest.approx(100)
    assert EVALUATOR.figures(SMALL, Outcome(1.0), reference) == {"low_budget": pytest.approx(-100 * math.log(2))}
    middle = Instance("m", "", Training(Quadratic(8, 1.0), RATES, "middle"))
    assert EVALUATOR.figures(middle, Outcome(1.0), reference) == {}


def test_an_unknown_task_is_named() -> None:
    with pytest.raises(ValueError, match="'cubic'"):
        EVALUATOR.instances("x", tasks=["cubic"], steps=[[10]])


def test_the_question_is_plain_data() -> None:
    [instance] = EVALUATOR.instances("plain", tasks=["network"], steps=[[20]])
    question = EVALUATOR.question(instance, Labels(0, instance))
    assert json.loads(json.dumps(question)) == question
    assert len(question["grad_norms"]) == question["T"]
    assert sum(question["grad_norms"]) == pytest.approx(question["T"])
