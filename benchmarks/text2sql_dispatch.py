"""P95 of the latency of text-to-SQL queries, s, by load and rule, with one objective for all, as a table in Markdown.

python benchmarks/text2sql_dispatch.py [RULE ...] [--queries 100] [--copies 3] [--trace trace-2]
    [--rates 0.06 0.09 0.12 0.15]
"""

from __future__ import annotations

import argparse
from statistics import mean
from typing import Any

from evaluators.problem import load_problem
from evaluators.protocol import Instance, Labels
from evaluators.serving.deciding import played
from evaluators.serving.text2sql_dispatch import Text2SqlDispatch

ENGINES = ["a100", "a100", "a6000", "l40s"]


def p95(source: str, made: Instance) -> float:
    scope: dict[str, Any] = {}
    exec(source, scope)
    outcome = played(Text2SqlDispatch().episode(made, Labels(0, made)), scope["decide"])
    return float(outcome.metrics["latency_p95"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    baselines = load_problem("text2sql_dispatch").baselines
    parser.add_argument("rules", nargs="*", default=list(baselines), metavar="RULE")
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--copies", type=int, default=3)
    parser.add_argument("--trace", default="trace-2")
    parser.add_argument("--rates", type=float, nargs="+", default=[0.06, 0.09, 0.12, 0.15])
    given = parser.parse_args()
    print("| rule | " + " | ".join(f"{rate:g} queries/s" for rate in given.rates) + " |")
    print("|---|" + "---|" * len(given.rates))
    for name in given.rules:
        cells = []
        for rate in given.rates:
            cell = [given.trace, ENGINES, rate, 1.0]
            made = Text2SqlDispatch().instances(
                "benchmark", queries=given.queries, copies=given.copies, slos=[150], cells=[cell]
            )
            cells.append(mean(p95(baselines[name], instance) for instance in made))
        print(f"| `{name}` | " + " | ".join(f"{value:.0f}" for value in cells) + " |", flush=True)


if __name__ == "__main__":
    main()
