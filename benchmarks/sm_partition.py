"""A GPU that is split between prefill and decode against engines that do both in one iteration, in Markdown.

    python benchmarks/sm_partition.py [--seconds 300]

Llama-3-8B on an A100, lengths of sharegpt, Poisson arrivals. Attainment: requests with a TTFT of at most 2 s and a
mean time between tokens of at most 50 ms.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np

from evaluators.problem import load_problem
from evaluators.serving import chunked_prefill
from evaluators.serving.costs import costs
from evaluators.serving.deciding import played
from evaluators.serving.sm_partition import Case, feedback, mixed, play

TTFT_MS, TPOT_MS = 2000.0, 50.0


def whole(name: str, case: Case) -> tuple[float, float, float]:
    """Mean TTFT and E2E, ms, and attainment of a baseline of chunked_prefill."""
    scope: dict[str, Any] = {}
    exec(load_problem("chunked_prefill").baselines[name], scope)
    outcome = played(chunked_prefill.play(chunked_prefill.Case(case.requests, case.costs, 100.0)), scope["decide"])
    outputs = {request.id: request.output for request in case.requests}
    kept = [
        stay.first_token - stay.arrival <= TTFT_MS
        and stay.finished - stay.first_token <= TPOT_MS * (outputs[stay.id] - 1)
        for stay in outcome.trace()
    ]
    return outcome.metrics["ttft_p50"], outcome.metrics["e2e_mean"], float(np.mean(kept))


def split(rule: Callable[[dict[str, Any]], Any], case: Case) -> tuple[float, float, float]:
    """The same of a split."""
    outcome = played(play(case), rule)
    firsts = [stay.first_token - stay.arrival for stay in outcome.trace()]
    return float(np.median(firsts)), outcome.metrics["e2e_mean"], outcome.metrics["attainment"]


def constant(share: int) -> Callable[[dict[str, Any]], int]:
    """The same share for ever."""
    return lambda obs: share


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=300)
    options = parser.parse_args()
    print("| rate | system | median TTFT, s | mean E2E, s | attainment |\n|---|---|---|---|---|")
    for rate in (2.0, 2.5):
        todo = mixed("paper", [["sharegpt", rate, 1, options.seconds]])
        case = Case(todo, costs("llama-3-8b", "a100"), TTFT_MS, TPOT_MS)
        rows = {
            "vLLM": whole("vllm", case),
            "Sarathi-Serve": whole("sarathi", case),
            "split, feedback": split(feedback, case),
            **{f"split, {share} % prefill": split(constant(share), case) for share in (50, 60, 70, 80)},
        }
        for name, (first, end, attained) in rows.items():
            print(f"| {rate:g}/s | {name} | {first / 1000:.2f} | {end / 1000:.1f} | {attained:.3f} |", flush=True)


if __name__ == "__main__":
    main()
