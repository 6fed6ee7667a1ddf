"""Streaming task graphs: figures of the baselines, and what the folder promises."""

from __future__ import annotations

import pytest

from evaluators.dags.soc import SocDag
from evaluators.evaluate import Evaluation
from evaluators.references import disagreements
from tests.measured import of_problem, recorded

# Mean gap to ETF on train, validation, test and ood, in per cent.
GOLDEN = {
    "earliest_start": [18.95, 18.19, 32.75, 31.64],
    "fifo_eft": [3.14, 3.15, 4.49, 0.0],
    "heft_rt": [6.71, 6.31, 6.78, 0.68],
    "heft_rt_released": [5.65, 5.41, 3.26, 1.35],
    "met": [49.36, 59.85, 16.0, 220.59],
    "peft_rt": [0.92, 3.52, 9.18, 1.05],
}

# Mean latency on the canonical graph with 25, 50, 100 and 200 time units between arrivals, over the four noises.
LATENCIES = {
    "etf": [973.9, 138.0, 98.0, 85.9],
    "fifo_eft": [1034.6, 153.4, 102.0, 86.7],
    "heft_rt": [1044.2, 154.5, 106.6, 89.3],
    "heft_rt_released": [1024.8, 146.9, 98.3, 82.2],
    "met": [939.3, 136.0, 101.1, 86.4],
    "olb": [1303.9, 315.0, 140.6, 115.0],
}


problem, measured = of_problem("soc_dag")
gap = recorded("soc_dag")


@pytest.mark.parametrize("rule", GOLDEN)
def test_golden_figures(rule: str) -> None:
    assert [round(gap(rule, split), 2) for split in problem().splits] == GOLDEN[rule]


def on_the_canonical_graph(rule: str) -> Evaluation:
    return measured(rule, "test", "canonical")


def test_latencies_on_the_canonical_graph() -> None:
    """Mean latency by time between arrivals, over the four noises."""
    found = {}
    for rule in LATENCIES:
        classes: dict[str, list[float]] = {}
        for result in on_the_canonical_graph(rule).results:
            classes.setdefault(result.group, []).append(result.cost)
        found[rule] = [round(sum(costs) / len(costs), 1) for costs in classes.values()]
    assert found == LATENCIES


def test_etf_is_ahead_on_the_canonical_graph() -> None:
    """HEFT-rt is behind ETF at every load. MET heaps work on PEs that are fast for many tasks, which costs latency
    where there is little load and saves work where there is much."""

    def latency(rule: str, scale: int) -> float:
        return sum(r.cost for r in on_the_canonical_graph(rule).results if r.group == f"canonical scale={scale}") / 4

    for scale in (25, 50, 100, 200):
        assert all(latency("etf", scale) < latency(rule, scale) for rule in ("fifo_eft", "heft_rt", "earliest_start"))
        assert latency("heft_rt", scale) < latency("olb", scale)
    assert all(latency("etf", scale) < latency("met", scale) for scale in (100, 200))
    assert latency("met", 25) < latency("etf", 25)


def test_jobs_completed_fall_behind_only_under_overload() -> None:
    shares: dict[str, list[float]] = {}
    for result in on_the_canonical_graph("etf").results:
        shares.setdefault(result.group, []).append(result.metrics["completed"] / result.metrics["arrived"])
    assert max(shares["canonical scale=25"]) < 0.9
    assert min(min(shares[f"canonical scale={scale}"]) for scale in (50, 100, 200)) > 0.9


def test_the_baseline_etf_is_the_reference() -> None:
    for split in problem().splits:
        assert set(measured("etf", split).gaps) == {0.0}


def test_no_rule_is_below_the_proven_bound() -> None:
    for rule in problem().baselines:
        for instance, result in zip(problem().instances("train"), measured(rule, "train").results, strict=True):
            assert result.cost >= instance.data.bound > 0


def test_the_initial_program_leaves_room() -> None:
    assert gap("etf") < gap("heft_rt") < gap("initial") < gap("met")


def test_splits_share_no_graph() -> None:
    graphs = {
        split: {graph.name for instance in problem().instances(split) for graph in instance.data.graphs}
        for split in problem().splits
    }
    assert {split: len(names) for split, names in graphs.items()} == {"train": 6, "validation": 4, "test": 5, "ood": 14}
    assert len(set().union(*graphs.values())) == 29


def test_references_are_as_stored() -> None:
    assert isinstance(problem().evaluator, SocDag)
    assert disagreements(problem()) == []
    kinds = {problem().reference(i).kind for split in problem().splits for i in problem().instances(split)}
    assert kinds == {"baseline"}
    assert all(problem().reference(i).bound == i.data.bound for i in problem().instances("train"))
