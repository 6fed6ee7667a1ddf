"""Makespan of vLLM's order over that of a rule of prefix_batching, by the size of the cache, in Markdown.

    python benchmarks/prefix_batching.py [RULE ...] [--batches 12] [--groups 60]

The same batches at all sizes: ratio of the mean makespans, in brackets the standard deviation of the batches' ratios.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import mean, stdev
from typing import Any

from evaluators.problem import load_problem
from evaluators.protocol import Instance, Labels
from evaluators.serving.costs import costs
from evaluators.serving.prefix_batching import Batch, PrefixBatching, draw, serve

SIZES = (60_000, 120_000, 240_000)
BESIDE = "vllm"


def makespan(solve: Callable[[Any], Any], batch: Batch) -> float:
    instance = Instance("benchmark", "benchmark", batch)
    labels = Labels(0, instance)
    answer = solve(PrefixBatching().question(instance, labels))
    request_of = labels.permutation("request", len(batch.group))
    return serve(batch, [request_of[i] for i in answer["order"]], answer["reserve"]).metrics["makespan"]


def main() -> None:
    baselines = load_problem("prefix_batching").baselines
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rules", nargs="*", default=[name for name in baselines if name != BESIDE], metavar="RULE")
    parser.add_argument("--batches", type=int, default=12)
    parser.add_argument("--groups", type=int, default=60)
    given = parser.parse_args()
    table(given.rules, given.batches, given.groups)


def table(rules: Sequence[str], count: int, groups: int) -> None:
    """Print the table, row by row."""
    baselines = load_problem("prefix_batching").baselines
    model = costs("llama-3-8b", "a100", 1)
    batches = [draw(f"benchmark|{k}", groups, model, SIZES[0], 1.0) for k in range(count)]

    def makespans(name: str, size: int) -> list[float]:
        scope: dict[str, Any] = {}
        exec(baselines[name], scope)
        return [makespan(scope["solve"], replace(batch, capacity=size)) for batch in batches]

    beside = {size: makespans(BESIDE, size) for size in SIZES}
    print("| rule |", " | ".join(f"{size:,}" for size in SIZES), "|\n|---" + "|---" * len(SIZES) + "|")
    for name in rules:
        cells = []
        for size in SIZES:
            mine = makespans(name, size)
            ratios = [theirs / one for theirs, one in zip(beside[size], mine, strict=True)]
            cells.append(f"{mean(beside[size]) / mean(mine):.2f} ({stdev(ratios):.2f})")
        print(f"| `{name}` |", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    main()
