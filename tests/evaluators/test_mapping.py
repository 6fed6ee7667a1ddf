"""Memory mapping: costs by hand, every rule by a grid of steps and addresses, the bound against exact methods."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from evaluators.memory.bound import latency_bound
from evaluators.memory.mapping import Block, MemoryMapping, latencies
from evaluators.memory.programs import KINDS, Program, generate
from evaluators.problem import load_problem
from evaluators.protocol import Illegal, Instance, Labels

EVALUATOR = MemoryMapping()

# slow memory moves 1 byte a microsecond, fast memory 4
THREE = Program(
    compute=[1.0, 6.0, 1.0],
    size=[4, 8, 4],
    uses=[[0, 2], [0, 1], [1, 2]],
    temporary=[False, True, True],
    capacity=12,
    slow=1,
    fast=4,
)


class Unshuffled(Labels):
    def permutation(self, kind: str, size: int) -> list[int]:
        return list(range(size))


def verified(program: Program, answer: Any) -> Any:
    instance = Instance("given", "given", program)
    return EVALUATOR.verify(instance, answer, Unshuffled(0, instance))


def refused(program: Program, answer: Any) -> str:
    with pytest.raises(Illegal) as caught:
        verified(program, answer)
    return str(caught.value)


# --- by hand --------------------------------------------------------------------------------------------------------


def test_latency_by_hand() -> None:
    """Nothing kept: step 0 moves 4 + 8, step 1 moves 8 + 4 (more than its 6 of computing), step 2 moves 4 + 4.

    Tensor 1 kept for its whole life, 8 / 4 a use and no transfer: 4 + 2; max(6, 2 + 4); 8.
    Tensor 2 too: 6; max(6, 2 + 1); 4 + 1.
    Tensor 0 instead, no temporary: its first use costs the copy and a fast use, 4 + 1, its second 1.
    """
    assert latencies(THREE, []) == [12, 12, 8]
    assert verified(THREE, []).metrics["speedup"] == 1
    assert verified(THREE, [[1, 0, 1, 0]]).cost == 6 + 6 + 8
    both = verified(THREE, [[1, 0, 1, 0], [2, 0, 1, 8]])
    assert both.cost == 6 + 6 + 5
    assert both.metrics["speedup"] == 32 / 17
    assert both.metrics["fast_share"] == (16 + 8) / 32
    assert both.metrics["occupied"] == (16 + 8) / 36
    assert both.trace() == [Block(1, 0, 1, 0, 8), Block(2, 1, 2, 8, 12)]
    assert verified(THREE, [[0, 0, 1, 0]]).cost == (5 + 8) + 12 + (1 + 4)


def test_a_part_of_a_temporary_is_written_to_both_memories() -> None:
    """Uses at 0, 1, 2: kept for the first two, 4 for the copy that use 2 reads, and 1 + 1 fast; then 4."""
    program = Program([0.0] * 3, [4], [[0, 1, 2]], [True], 4, 1, 4)
    assert verified(program, [[0, 0, 1, 0]]).cost == 5 + 1 + 4
    assert verified(program, [[0, 1, 2, 0]]).cost == 4 + 5 + 1
    assert verified(program, [[0, 0, 2, 0]]).cost == 3
    assert verified(program, [[0, 1, 1, 0]]).cost == 4 + 5 + 4, "a single use gains nothing"
    assert verified(program, [[0, 0, 0, 0], [0, 1, 2, 0]]).cost == 5 + 5 + 1, "two stays, each with a transfer"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (None, "must return a list"),
        ({"stays": []}, "must return a list"),
        (np.zeros((1, 4)), "must return a list"),
        ([7], r"entry 0 must be \[tensor, a, b, offset\]"),
        ([[0, 0, 1]], "entry 0 must be"),
        ([[0, 0, 1, 0.0]], "offset is a float"),
        ([[0, 0, 1, float("nan")]], "offset is a float"),
        ([[0, 0, True, 0]], "b is a bool"),
        ([[3, 0, 1, 0]], "tensors are numbered 0 to 2"),
        ([[-1, 0, 1, 0]], "tensors are numbered 0 to 2"),
        ([[0, 0, 2, 0]], "uses 0 to 2 of tensor 0"),
        ([[0, 1, 0, 0]], "uses 1 to 0 of tensor 0"),
        ([[0, -1, 1, 0]], "uses -1 to 1 of tensor 0"),
        ([[0, 0, 1, -1]], "does not fit"),
        ([[1, 0, 1, 5]], "8 bytes at offset 5 does not fit into the fast memory of 12 bytes"),
        ([[0, 0, 1, 0], [0, 1, 1, 8]], "tensor 0 is in fast memory twice at its use 1"),
        (
            [[1, 0, 1, 0], [2, 0, 1, 7]],
            "tensors 1 and 2 overlap in fast memory at step 1: addresses 0 to 7 and 7 to 10",
        ),
    ],
)
def test_every_refusal_says_why(answer: Any, reason: str) -> None:
    with pytest.raises(Illegal, match=reason):
        verified(THREE, answer)


def test_bounds_of_time_count() -> None:
    """Both would use address 0 at step 1; from step 2 on it is free."""
    program = Program([1.0] * 4, [2, 2, 2], [[0, 1], [1, 2], [2, 3]], [False] * 3, 2, 1, 2)
    assert "overlap in fast memory at step 1" in refused(program, [[0, 0, 1, 0], [1, 0, 1, 0]])
    assert verified(program, [[0, 0, 1, 0], [2, 0, 1, 0]]).cost > 0


def test_an_array_of_integers_is_an_answer() -> None:
    assert verified(THREE, np.array([[1, 0, 1, 0]])).cost == 20
    assert verified(THREE, ()).cost == 32


# --- any answer -----------------------------------------------------------------------------------------------------


@st.composite
def programs(draw: Any) -> Program:
    steps = draw(st.integers(2, 7))
    tensors = draw(st.integers(1, 5))
    uses = [sorted(draw(st.sets(st.integers(0, steps - 1), min_size=1, max_size=4))) for _ in range(tensors)]
    return Program(
        draw(st.lists(st.integers(0, 6).map(float), min_size=steps, max_size=steps)),
        draw(st.lists(st.integers(1, 5), min_size=tensors, max_size=tensors)),
        uses,
        [len(when) > 1 and draw(st.booleans()) for when in uses],
        draw(st.integers(2, 8)),
        1,
        draw(st.sampled_from([2, 5, 10])),
    )


def on_a_grid(program: Program, answer: list[tuple[int, int, int, int]]) -> bool:
    """Whether no byte of fast memory holds two tensors during any step, cell by cell."""
    taken: set[tuple[int, int]] = set()
    for tensor, a, b, offset in answer:
        for step in range(program.uses[tensor][a], program.uses[tensor][b] + 1):
            for byte in range(offset, offset + program.size[tensor]):
                if (step, byte) in taken or not 0 <= byte < program.capacity:
                    return False
                taken.add((step, byte))
    return True


def by_steps(program: Program, answer: list[tuple[int, int, int, int]]) -> float:
    """The latency, step by step and tensor by tensor."""
    total = 0.0
    for step, compute in enumerate(program.compute):
        traffic = 0.0
        for tensor, uses in enumerate(program.uses):
            if step not in uses:
                continue
            k, size = uses.index(step), program.size[tensor]
            stay = next((s for s in answer if s[0] == tensor and s[1] <= k <= s[2]), None)
            if stay is None:
                traffic += size / program.slow
                continue
            traffic += size / program.fast
            whole = stay[1] == 0 and stay[2] == len(uses) - 1
            if stay[1] == k and not (whole and program.temporary[tensor]):
                traffic += size / program.slow
        total += max(compute, traffic)
    return total


def drawn(program: Program, rng: random.Random) -> list[tuple[int, int, int, int]]:
    """Stays with disjoint uses, wherever they fall."""
    answer = []
    for tensor, uses in enumerate(program.uses):
        k = 0
        while k < len(uses):
            b = rng.randrange(k, len(uses))
            if rng.random() < 0.6 and program.size[tensor] <= program.capacity:
                answer.append((tensor, k, b, rng.randint(0, program.capacity - program.size[tensor])))
            k = b + 1
    rng.shuffle(answer)
    return answer


@given(programs(), st.randoms(use_true_random=False))
@settings(max_examples=300, deadline=None)
def test_any_answer_is_judged_as_on_a_grid(program: Program, rng: random.Random) -> None:
    answer = drawn(program, rng)
    if on_a_grid(program, answer):
        outcome = verified(program, answer)
        assert outcome.cost == pytest.approx(by_steps(program, answer))
        assert outcome.cost >= latency_bound(program)
        assert outcome.decisions == sorted(answer)
    else:
        assert "overlap in fast memory" in refused(program, answer)


@given(programs(), st.randoms(use_true_random=False), st.integers(0, 5))
@settings(max_examples=150, deadline=None)
def test_a_corrupted_answer_is_refused(program: Program, rng: random.Random, kind: int) -> None:
    answer = drawn(program, rng)
    assume(answer and on_a_grid(program, answer))
    place = rng.randrange(len(answer))
    tensor, a, b, offset = answer[place]
    changed, reason = [
        ((tensor, a, b, program.capacity - program.size[tensor] + 1), "does not fit"),
        ((tensor, a, len(program.uses[tensor]), offset), "needed is 0 <= a <= b"),
        ((len(program.size), a, b, offset), "tensors are numbered"),
        ((tensor, a, b, float(offset)), "must be an integer"),
        ((tensor, a, b), "four integers"),
        ((tensor, b + 1, a, offset), "needed is 0 <= a <= b"),
    ][kind]
    corrupted: list[Any] = list(answer)
    corrupted[place] = changed
    assert reason in refused(program, corrupted)
    assert "twice" in refused(program, [*answer, answer[place]])


# --- exact ----------------------------------------------------------------------------------------------------------


def choices(uses: list[int], start: int = 0) -> Iterator[list[tuple[int, int]]]:
    """All sets of disjoint stays of at least two uses, or of all; single uses never gain."""
    if start >= len(uses):
        yield []
        return
    yield from choices(uses, start + 1)
    for b in range(start + 1, len(uses)):
        for rest in choices(uses, b + 1):
            yield [(start, b), *rest]


def packs(program: Program, stays: list[tuple[int, int, int]], answer: list[tuple[int, int, int, int]]) -> bool:
    if len(answer) == len(stays):
        return True
    tensor, a, b = stays[len(answer)]
    return any(
        on_a_grid(program, made := [*answer, (tensor, a, b, offset)]) and packs(program, stays, made)
        for offset in range(program.capacity - program.size[tensor] + 1)
    )


def least_latency(program: Program) -> float:
    """Of all stays and all addresses."""
    best = by_steps(program, [])
    for made in product(*(list(choices(list(uses))) for uses in program.uses)):
        stays = [(tensor, a, b) for tensor, chosen in enumerate(made) for a, b in chosen]
        cost = by_steps(program, [(*stay, 0) for stay in stays])
        if cost < best - 1e-9 and packs(program, stays, []):
            best = cost
    return best


def least_by_constraints(program: Program) -> float:
    """The same by CP-SAT: optional rectangles that do not overlap; times in units of 1 / fast."""
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    scale = program.fast // program.slow
    traffic: list[Any] = [0] * len(program.compute)
    across, along = [], []
    for size, uses, temporary in zip(program.size, program.uses, program.temporary, strict=True):
        kept: list[list[Any]] = [[] for _ in uses]
        for step in uses:
            traffic[step] += size * scale
        for a in range(len(uses)):
            for b in range(a + 1, len(uses)):
                if size > program.capacity:
                    continue
                stay = model.new_bool_var("")
                offset = model.new_int_var(0, program.capacity - size, "")
                across.append(model.new_optional_fixed_size_interval_var(uses[a], uses[b] - uses[a] + 1, stay, ""))
                along.append(model.new_optional_fixed_size_interval_var(offset, size, stay, ""))
                for k in range(a, b + 1):
                    kept[k].append(stay)
                    traffic[uses[k]] += (size - size * scale) * stay
                if not (temporary and b - a + 1 == len(uses)):
                    traffic[uses[a]] += size * scale * stay
        for stays in kept:
            model.add_at_most_one(stays)
    model.add_no_overlap_2d(across, along)
    times = []
    for compute, memory in zip(program.compute, traffic, strict=True):
        times.append(model.new_int_var(int(compute) * program.fast, 10**6, ""))
        model.add(times[-1] >= memory)
    model.minimize(sum(times))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    assert solver.solve(model) == cp_model.OPTIMAL
    return solver.objective_value / program.fast


def small(seed: int) -> Program:
    rng = random.Random(seed)
    steps = 6
    uses = [sorted(rng.sample(range(steps), rng.randint(2, 3))) for _ in range(5)]
    sizes = [rng.randint(1, 4) for _ in uses]
    temporary = [rng.random() < 0.5 for _ in uses]
    return Program([float(rng.randint(0, 3)) for _ in range(steps)], sizes, uses, temporary, rng.randint(4, 6), 1, 10)


@cache
def baselines() -> dict[str, Any]:
    made = {}
    for name, source in load_problem("memory_mapping").baselines.items():
        space: dict[str, Any] = {}
        exec(compile(source, name, "exec"), space)
        made[name] = space["solve"]
    return made


@pytest.mark.parametrize("seed", range(8))
def test_the_optimum_lies_between_the_bound_and_every_baseline(seed: int) -> None:
    program = small(seed)
    optimum = least_latency(program)
    assert least_by_constraints(program) == pytest.approx(optimum)
    assert 0.83 * optimum <= latency_bound(program) <= optimum
    instance = Instance("small", "small", program)
    costs = {
        name: EVALUATOR.verify(instance, solve(EVALUATOR.question(instance, Labels(0, instance))), Labels(0, instance))
        for name, solve in baselines().items()
    }
    assert all(outcome.cost >= optimum - 1e-9 for outcome in costs.values())
    assert costs["local_search"].cost <= 1.15 * optimum


def test_the_bound_is_the_optimum_where_everything_fits() -> None:
    """THREE with 16 bytes: all of it fits. Tensors 1 and 2 for life: 6 + 6 + 5. Tensor 0 costs one more at step 0, a
    copy beside a fast use, and saves 3 at step 2.
    """
    roomy = Program(THREE.compute, THREE.size, THREE.uses, THREE.temporary, 16, 1, 4)
    best = verified(roomy, [[1, 0, 1, 0], [2, 0, 1, 8], [0, 0, 1, 12]]).cost
    assert best == (2 + 5) + 6 + 2
    assert latency_bound(roomy) == pytest.approx(best, rel=2e-6)
    assert least_latency(roomy) == best
    assert latency_bound(roomy) < best


# --- instances, and what crosses ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_programs_are_as_described(kind: str) -> None:
    program = generate("a", kind, 1.0, (0.15, 0.4))
    assert program == generate("a", kind, 1.0, (0.15, 0.4))
    assert program != generate("b", kind, 1.0, (0.15, 0.4))
    steps = len(program.compute)
    assert 40 <= steps <= 300
    assert len(program.size) == len(program.uses) == len(program.temporary)
    assert all(compute > 0 for compute in program.compute)
    for size, uses, temporary in zip(program.size, program.uses, program.temporary, strict=True):
        assert size > 0
        assert uses == sorted(set(uses))
        assert 0 <= uses[0] <= uses[-1] < steps
        assert len(uses) > 1 or not temporary
    live = [
        sum(size for size, uses in zip(program.size, program.uses, strict=True) if uses[0] <= t <= uses[-1])
        for t in range(steps)
    ]
    assert 0.15 * max(live) - 1024 <= program.capacity <= 0.4 * max(live) + 1024
    assert any(program.temporary)
    assert not all(program.temporary)


def test_a_perceptron_by_hand() -> None:
    """Each weight is read on the way forward, on the way back (but for the first layer's) and at its update."""
    program = generate("p", "mlp training", 1.0, (0.2, 0.3))
    single = [i for i, uses in enumerate(program.uses) if len(uses) == 1]
    layers = len(single)  # the updated weights are the only tensors with one use
    # forward: a product and an activation a layer; the loss; backward: an activation, a product and an update a layer,
    # and a second product for all but the first
    assert len(program.compute) == 2 * layers + 1 + 3 * layers + layers - 1
    kept = [uses for uses, temporary in zip(program.uses, program.temporary, strict=True) if not temporary]
    assert sorted(map(len, kept)) == sorted([2] + [1] * layers + [2] + [3] * (layers - 1)), "input, updated, weights"


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="a program is one of random, mlp training"):
        generate("a", "spreadsheet", 1.0, (0.1, 0.2))


def test_only_the_program_crosses_in_another_order() -> None:
    [instance] = EVALUATOR.instances("x", kinds=["decoder"], count=1, share=(0.2, 0.3))
    first, second = (EVALUATOR.question(instance, Labels(seed, instance)) for seed in (0, 1))
    keys = {"capacity", "slow_bandwidth", "fast_bandwidth", "compute", "size", "uses", "temporary"}
    assert set(first) == keys
    assert first["size"] != second["size"]
    rows = [sorted(zip(q["size"], map(tuple, q["uses"]), q["temporary"], strict=True)) for q in (first, second)]
    assert rows[0] == rows[1]
    first["uses"][0].append(10**6)
    first["compute"].clear()
    assert EVALUATOR.question(instance, Labels(1, instance)) == second, "a candidate gets copies"


def test_labels_are_undone() -> None:
    [instance] = EVALUATOR.instances("x", kinds=["random"], count=1, share=(0.2, 0.3))
    made = []
    for seed in range(3):
        question = EVALUATOR.question(instance, Labels(seed, instance))
        tensor = question["size"].index(max(s for s in question["size"] if s <= question["capacity"]))
        made.append(EVALUATOR.verify(instance, [[tensor, 0, 1, 0]], Labels(seed, instance)))
    assert len({outcome.cost for outcome in made}) == 1
    assert len({str(outcome.decisions) for outcome in made}) == 1
