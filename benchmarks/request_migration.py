"""P99 of prefill of each baseline of request_migration, s, over several draws of the paper's setting, in Markdown.

    python benchmarks/request_migration.py [RULE ...] [--rate 8] [--engines 16] [--requests 2000] [--draws 10]

Llama-2-7B on A10, lengths from a power law with mean 512, Poisson arrivals: mean over the draws, in brackets the least
and the most of a draw; and how often the rule's P99 is below that of dispatch by memory.
"""

from __future__ import annotations

import argparse
from statistics import mean
from typing import Any

from evaluators.problem import load_problem
from evaluators.protocol import Labels
from evaluators.serving.deciding import played
from evaluators.serving.request_migration import RequestMigration

BESIDE = "least_memory"


def main() -> None:
    baselines = load_problem("request_migration").baselines
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rules", nargs="*", default=list(baselines), metavar="RULE")
    parser.add_argument("--rate", type=float, default=8.0)
    parser.add_argument("--engines", type=int, default=16)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--draws", type=int, default=10)
    given = parser.parse_args()
    cluster: dict[str, Any] = {"engines": given.engines, "model": "llama-2-7b", "gpu": "a10", "lengths": "lomax-512"}
    evaluator = RequestMigration()
    made = evaluator.instances(
        "benchmark", **cluster, loads=[[given.rate, 1.0]], requests=given.requests, runs=given.draws
    )

    def times(name: str) -> list[float]:
        found = []
        for instance in made:
            scope: dict[str, Any] = {}
            exec(baselines[name], scope)
            outcome = played(evaluator.episode(instance, Labels(0, instance)), scope["decide"])
            found.append(outcome.metrics["ttft_p99"])
        return found

    beside = times(BESIDE)
    print(f"| rule | P99 of prefill, s | draws below `{BESIDE}` | ratio to it, by draw |\n|---|---|---|---|")
    for name in given.rules:
        mine = times(name)
        ratios = sorted(theirs / one for theirs, one in zip(beside, mine, strict=True))
        below = sum(ratio > 1 for ratio in ratios)
        print(
            f"| `{name}` | {mean(mine):.1f} [{min(mine):.1f}, {max(mine):.1f}] | {below} of {given.draws} "
            f"| {ratios[0]:.1f} to {ratios[-1]:.1f}, of the means {mean(beside) / mean(mine):.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
