"""Layered prefill against chunks of 512 tokens, as its paper compares them, in Markdown.

    python benchmarks/layered_prefill.py [--requests 400] [RULE ...]

Qwen3-30B-A3B on two H100, Poisson arrivals: mean TTFT, mean E2E and P99 of the times between tokens, ms, and GB of
weights read for each token of output.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from evaluators.problem import load_problem
from evaluators.serving import workloads
from evaluators.serving.deciding import played
from evaluators.serving.layered_prefill import Case, play
from evaluators.serving.mixtures import mixture

SETTINGS = (("arxiv", 1.0), ("arxiv", 2.0), ("arxiv", 3.0), ("arxiv", 4.0), ("sharegpt", 4.0), ("sharegpt", 8.0))
RULES = ("chunked_512", "layered", "whole", "best_constant", "solved")
FIGURES = ("ttft_mean", "e2e_mean", "tbt_p99", "gb_per_token")


def rule(source: str) -> Callable[[dict[str, Any]], Any]:
    """A program of ours, run in this process."""
    scope: dict[str, Any] = {}
    exec(source, scope)
    return scope["decide"]


def measure(decide: Callable[[dict[str, Any]], Any], source: str, rate: float, n: int) -> list[float]:
    """The figures of one run."""
    case = Case(workloads.requests("paper", source, rate, n), mixture("qwen3-30b-a3b", "h100", 2), 30.0)
    metrics = played(play(case), decide).metrics
    return [metrics[name] for name in FIGURES]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rules", nargs="*")
    parser.add_argument("--requests", type=int, default=400)
    options = parser.parse_args()
    programs = load_problem("layered_prefill").baselines
    print("| workload | rule | TTFT | E2E | P99 of TBT | GB a token |\n|---|---|---|---|---|---|")
    for source, rate in SETTINGS:
        for name in options.rules or RULES:
            ttft, e2e, tbt, read = measure(rule(programs[name]), source, rate, options.requests)
            print(f"| {source}, {rate:g}/s | `{name}` | {ttft:.0f} | {e2e:.0f} | {tbt:.1f} | {read:.2f} |", flush=True)


if __name__ == "__main__":
    main()
