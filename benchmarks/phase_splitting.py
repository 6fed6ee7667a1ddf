"""What ten machines serve within all six limits, requests per second: all mixed, and two pools of each size.

    python benchmarks/phase_splitting.py [--requests 2000]

Bisection to 2 %, one trace of each kind of traffic.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from evaluators.problem import load_problem
from evaluators.protocol import Labels
from evaluators.serving.phase_splitting import QUANTILES, TBT_LIMITS, TTFT_LIMITS, PhaseSplitting

Rule = Callable[[dict[str, Any]], tuple[int, int]]


def pools(k: int) -> Rule:
    """Prompts on the first k machines, outputs on the others."""

    def decide(obs: dict[str, Any]) -> tuple[int, int]:
        prompt = min(range(k), key=lambda i: obs["prompt_tokens"][i])
        rest = range(k, len(obs["free"]))
        return prompt, min(rest, key=lambda i: obs["context_tokens"][i] + obs["incoming_tokens"][i])

    return decide


def keeps_up(rule: Rule, source: str, rate: float, requests: int) -> bool:
    evaluator = PhaseSplitting()
    [made] = evaluator.instances(
        "capacity", machines=10, gpu="h100", loads=[[source, rate, 1.0]], requests=requests, runs=1
    )
    episode = evaluator.episode(made, Labels(0, made))
    question = next(episode)
    try:
        while True:
            question = episode.send(rule(question))
    except StopIteration as stop:
        metrics = stop.value.metrics
    limits = (("ttft", TTFT_LIMITS), ("tbt", TBT_LIMITS))
    return all(
        metrics[f"{name}_p{round(100 * q)}"] <= limit
        for name, each in limits
        for q, limit in zip(QUANTILES, each, strict=True)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=1000)
    requests: int = parser.parse_args().requests
    scope: dict[str, Any] = {}
    exec(load_problem("phase_splitting").baselines["mixed_shortest_queue"], scope)
    rules = {"all mixed": scope["decide"]} | {f"{k} of 10 for prompts": pools(k) for k in range(3, 9)}
    print("| rule | azure-conv | azure-code |\n|---|---|---|")
    for name, rule in rules.items():
        found = []
        for source in ("azure-conv", "azure-code"):
            low, high = 0.0, 64.0
            while high - low > 0.02 * high:
                rate = (low + high) / 2
                low, high = (rate, high) if keeps_up(rule, source, rate, requests) else (low, rate)
            found.append(low)
        print(f"| {name} | {found[0]:.1f} | {found[1]:.1f} |", flush=True)


if __name__ == "__main__":
    main()
