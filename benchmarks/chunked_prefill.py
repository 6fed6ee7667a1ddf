"""The capacity of an engine under each baseline of chunked_prefill, as Sarathi-Serve measures it, in Markdown.

    python benchmarks/chunked_prefill.py [--requests 400] [--traces 3] [RULE ...]

Capacity: the highest rate of Poisson arrivals, by bisection to 0.01 a second, at which the P99 of the times between
tokens is within the target and the median scheduling delay within 2 s; the mean over the traces. Mistral-7B on an A100
(as Llama-3-8B here), strict 100 ms, relaxed 500 ms. `sjf` shows what this measure can be made to say.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from statistics import mean
from typing import Any

from evaluators.problem import load_problem
from evaluators.serving import workloads
from evaluators.serving.chunked_prefill import Case, play
from evaluators.serving.costs import costs
from evaluators.serving.deciding import played

SETTINGS = (("sharegpt", 100), ("sharegpt", 500), ("arxiv", 100), ("arxiv", 500))
DELAY_MS = 2000
SJF = """
def decide(obs):
    order = sorted(range(len(obs["left"])), key=lambda i: obs["left"][i])
    return {"budget": max(0, 512 - obs["decoding"]), "order": order, "decodes": True}
"""


def rule(source: str) -> Callable[[dict[str, Any]], Any]:
    """A program of ours, run in this process."""
    scope: dict[str, Any] = {}
    exec(source, scope)
    return scope["decide"]


def keeps_up(decide: Callable[[dict[str, Any]], Any], key: str, source: str, slo: float, rate: float, n: int) -> bool:
    """Whether both limits are kept at a rate; the trace is the same at all rates, but for its pace."""
    case = Case(workloads.requests(key, source, rate, n), costs("llama-3-8b", "a100"), slo)
    figures = played(play(case), decide).metrics
    return figures["tbt_p99"] <= slo and figures["queueing_p50"] <= DELAY_MS


def capacity(decide: Callable[[dict[str, Any]], Any], key: str, source: str, slo: float, n: int) -> float:
    """Requests per second."""
    low, high = 0.0, 8.0
    while high - low > 0.01:
        middle = (low + high) / 2
        low, high = (middle, high) if keeps_up(decide, key, source, slo, middle, n) else (low, middle)
    return low


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rules", nargs="*")
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--traces", type=int, default=3)
    options = parser.parse_args()
    programs = load_problem("chunked_prefill").baselines | {"sjf": SJF}
    print("| rule | " + " | ".join(f"{source}, {slo} ms" for source, slo in SETTINGS) + " |")
    print("|---|" + "---|" * len(SETTINGS))
    for name in options.rules or programs:
        decide = rule(programs[name])
        cells = [
            mean(capacity(decide, f"capacity {k}", source, slo, options.requests) for k in range(options.traces))
            for source, slo in SETTINGS
        ]
        print(f"| `{name}` | " + " | ".join(f"{cell:.2f}" for cell in cells) + " |", flush=True)


if __name__ == "__main__":
    main()
