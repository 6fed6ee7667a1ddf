"""What FastSwitch's transfers are worth under its rule, and what first come, first served does, in Markdown.

    python benchmarks/fair_preemption.py [--requests 200]

Llama-3-8B on an A10, lengths of azure-conv, Poisson arrivals; all priorities are drawn anew every 4 s. vLLM moves
blocks of 16 tokens while everything waits; FastSwitch moves groups of 320, and hides four fifths behind iterations.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from evaluators.serving import workloads
from evaluators.serving.costs import MODELS, costs
from evaluators.serving.deciding import played
from evaluators.serving.fair_preemption import Case, Transfers, by_priority, play

RATES = (1.4, 1.6, 1.8)
FIGURES = ("ttft_p95", "ttft_p99", "tbt_p999", "stalled", "regret")


def first_come(obs: dict[str, Any]) -> list[int]:
    """First come, first served."""
    return list(range(len(obs["priority"])))


ROWS: tuple[tuple[str, Callable[[dict[str, Any]], Any], Transfers], ...] = (
    ("priorities, blocks of 16, all wait", by_priority, Transfers(16, 1.0)),
    ("priorities, groups of 320, all wait", by_priority, Transfers(320, 1.0)),
    ("priorities, groups of 320, hidden", by_priority, Transfers()),
    ("first come, groups of 320, hidden", first_come, Transfers()),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=200)
    options = parser.parse_args()
    print("| rate | rule and transfers | P95 TTFT, s | P99 TTFT, s | P99.9 TBT, s | stalled | regret |")
    print("|---|---|---|---|---|---|---|")
    for rate in RATES:
        todo = workloads.requests("paper", "azure-conv", rate, options.requests)
        for name, rule, transfers in ROWS:
            model = "llama-3-8b"
            case = Case("paper", todo, costs(model, "a10"), MODELS[model].layers, 4000.0, 1.0, transfers)
            metrics = played(play(case), rule).metrics
            p95, p99, tbt, stalled, regret = (metrics[figure] for figure in FIGURES)
            times = " | ".join(f"{ms / 1000:.2f}" for ms in (p95, p99, tbt))
            print(f"| {rate:g}/s | {name} | {times} | {stalled:.3f} | {regret:.2f} |", flush=True)


if __name__ == "__main__":
    main()
