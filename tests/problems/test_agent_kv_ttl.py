"""Holding agents' caches: the order of the baselines and rough ratios, and what the workload looks like."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from evaluators.evaluate import evaluate
from evaluators.protocol import Labels
from evaluators.references import disagreements
from evaluators.serving import agents
from evaluators.serving.deciding import played
from sandbox.session import InProcessSandbox
from tests.measured import of_problem, recorded

# Mean gap in per cent on train.
GOLDEN = {
    "constant_ttl": 0.0,
    "continuum": 1.68,
    "hold_always": 17.78,
    "initial": 0.98,
    "least_attained_service": 27.31,
    "program_fcfs": 39.87,
    "vllm": 44.49,
}

problem, measured = of_problem("agent_kv_ttl")
gap = recorded("agent_kv_ttl")


def test_the_order_of_the_specification() -> None:
    """Holding nothing is far worse, least service first less so; always holding loses to a time to live."""
    names = ("constant_ttl", "hold_always", "least_attained_service", "vllm")
    assert all(gap(a) < gap(b) for a, b in pairwise(names))
    assert gap("program_fcfs") > gap("least_attained_service")


def test_the_ratios_of_the_specification() -> None:
    """100 programs, 0.06 a second: a time to live is 2 to 4 times as fast as vLLM (2.6 in the specification's
    prototype), the best constant as good as the paper's rule, and always holding in between (1.3)."""
    [instance] = problem().evaluator.instances("train", rates=[0.06], repeats=1, programs=100, capacity=120_000)
    mean = {}
    for name in ("continuum", "constant_ttl", "hold_always", "vllm"):
        space: dict[str, Any] = {}
        exec(problem().baselines[name], space)
        outcome = played(problem().evaluator.episode(instance, Labels(0, instance)), space["decide"])
        mean[name] = outcome.metrics["jct_mean"]
    assert 2 < mean["vllm"] / mean["continuum"] < 4.5
    assert mean["constant_ttl"] / mean["continuum"] == pytest.approx(1, abs=0.2)
    assert 1.05 < mean["hold_always"] / mean["constant_ttl"] < 1.6


def test_gaps_to_the_digit() -> None:
    assert {name: round(gap(name), 2) + 0.0 for name in GOLDEN} == GOLDEN
    assert set(GOLDEN) == {"initial", *problem().baselines}


def test_programs_are_as_described() -> None:
    """p50 0.23 s and p90 9 s, a little below those of TraceLab; 9 turns and 6,000 tokens at first, by the median."""
    programs = agents.programs("shape", 1.0, 400, 1.0, (500, 1.2), 1.0, 10**6)
    seconds = [turn.seconds for program in programs for turn in program.turns if turn.tool >= 0]
    p50, p90 = np.quantile(seconds, [0.5, 0.9])
    assert p50 == pytest.approx(0.23, abs=0.04)
    assert 7 < p90 < 12
    assert np.median([len(program.turns) for program in programs]) == pytest.approx(9, abs=1)
    assert np.median([program.turns[0].new for program in programs]) == pytest.approx(6003, rel=0.07)
    assert max(len(program.turns) for program in programs) <= 60


def test_test_has_enough_requests_and_no_instance_too_many() -> None:
    turns = [sum(len(p.turns) for p in instance.data.programs) for instance in problem().instances("test")]
    assert sum(turns) > 2000
    assert max(turns) < 3000


def test_the_numbers_of_tools_mean_nothing() -> None:
    source = problem().baselines["continuum"]
    again = evaluate(problem(), source, "train", InProcessSandbox(), relabelling=3)
    assert again.results == measured("continuum").results


def test_references_agree_with_the_stored_ones() -> None:
    assert disagreements(problem(), 1) == []
