"""Mean time of an agent's program under each baseline of agent_kv_ttl, by load, in Markdown.

    python benchmarks/agent_kv_ttl.py [RULE ...] [--rates 0.06 0.13] [--programs 150] [--repeats 2] [--longest 60000]

Seconds from a program's arrival to its end, mean over the programs and over `repeats` instances (in brackets the least
and the most of an instance); 0.06 programs a second are what the engine can do at most under a constant time to live,
0.13 more than twice as many. A program ends where its context would be longer than `longest` tokens; the cache has
120,000.
"""

from __future__ import annotations

import argparse
from statistics import mean
from typing import Any

from evaluators.problem import load_problem
from evaluators.serving.agent_serving import Case, Serving
from evaluators.serving.agents import TOOLS, programs
from evaluators.serving.costs import costs
from evaluators.serving.deciding import played

CAPACITY = 120_000


def main() -> None:
    """Print the table, row by row."""
    problem = load_problem("agent_kv_ttl")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rules", nargs="*", default=list(problem.baselines), metavar="RULE")
    parser.add_argument("--rates", type=float, nargs="+", default=[0.06, 0.13])
    parser.add_argument("--programs", type=int, default=150)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--longest", type=int, default=CAPACITY // 2)
    given = parser.parse_args()
    print("| rule |", " | ".join(f"{rate:g} programs/s" for rate in given.rates), "|")
    print("|---" * (1 + len(given.rates)) + "|")
    for name in given.rules:
        cells = []
        for rate in given.rates:
            times = []
            for repeat in range(given.repeats):
                key = f"agents|benchmark|{rate:g} a second|{repeat}"
                drawn = programs(key, rate, given.programs, 1.0, (500, 1.2), 1.0, given.longest)
                case = Case(drawn, costs("llama-3-8b", "a100", 1), CAPACITY)
                scope: dict[str, Any] = {}
                exec(problem.baselines[name], scope)
                outcome = played(Serving(case, list(range(len(TOOLS)))).run(), scope["decide"])
                times.append(outcome.metrics["jct_mean"])
            cells.append(f"{mean(times):.0f} [{min(times):.0f}, {max(times):.0f}]")
        print(f"| `{name}` |", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    main()
