"""Layered prefill against chunks of 512 tokens, as its paper compares them, in Markdown.

    python benchmarks/layered_prefill.py [RULE ...] [--workloads arxiv:1 ...] [--requests 400] [--draws 1]
        [--one-maximum]

Qwen3-30B-A3B on two H100, Poisson arrivals: mean TTFT, mean E2E and P99 of the times between tokens, ms, and GB of
weights read for each token of output, means over the draws. With --one-maximum an iteration takes the longer of all
its reading and all its computing, and experts are all that is read: another model of the same engine, in which a group
of layers computes while the weights of other layers are read.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from dataclasses import fields
from statistics import mean
from typing import Any

from evaluators.problem import load_problem
from evaluators.serving import workloads
from evaluators.serving.deciding import played
from evaluators.serving.layered_prefill import Case, play
from evaluators.serving.mixtures import MixtureCosts, mixture

WORKLOADS = ("arxiv:1", "arxiv:2", "arxiv:3", "arxiv:4", "sharegpt:1", "sharegpt:2", "sharegpt:4", "sharegpt:8")
RULES = ("chunked_512", "layered", "whole", "best_constant", "solved")
FIGURES = ("ttft_mean", "e2e_mean", "tbt_p99", "gb_per_token")


def rule(source: str) -> Callable[[dict[str, Any]], Any]:
    """A program of ours, run in this process."""
    scope: dict[str, Any] = {}
    exec(source, scope)
    return scope["decide"]


class OneMaximum(MixtureCosts):
    """One maximum of reading and computing an iteration, not one a part of the layers."""

    def iteration(self, decodes: int, context: int, chunks: Iterable[tuple[int, int]] = ()) -> float:
        return self.grouped(decodes, context, chunks, self.layers)

    def grouped(self, decodes: int, context: int, chunks: Iterable[tuple[int, int]], layers: int) -> float:
        share, chunks = layers / self.layers, list(chunks)
        tokens, done = sum(c for c, _ in chunks), sum(d for _, d in chunks)
        weights = (1 - share) * self.reading(decodes) + share * self.reading(decodes + tokens)
        reading = weights + self.kv * (context + share * done)
        pairs = sum(c * (d + c / 2) for c, d in chunks)
        computing = self.l1 * (decodes + share * tokens) + self.attention * share * pairs
        return self.t0 + max(reading, computing) + self.sequence * (decodes + len(chunks))


def engine(one_maximum: bool) -> MixtureCosts:
    """The engine of the comparison."""
    usual = mixture("qwen3-30b-a3b", "h100", 2)
    values = {one.name: getattr(usual, one.name) for one in fields(usual)}
    return OneMaximum(**values | {"w": 0.0}) if one_maximum else usual


def measure(decide: Callable[[dict[str, Any]], Any], drawn: Any, costs: MixtureCosts) -> list[float]:
    """The figures of one run."""
    metrics = played(play(Case(drawn, costs, 30.0)), decide).metrics
    return [metrics[name] for name in FIGURES]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rules", nargs="*", default=RULES, metavar="RULE")
    parser.add_argument("--workloads", nargs="+", default=WORKLOADS, metavar="NAME:RATE")
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--draws", type=int, default=1)
    parser.add_argument("--one-maximum", action="store_true")
    options = parser.parse_args()
    programs, costs = load_problem("layered_prefill").baselines, engine(options.one_maximum)
    print("| workload | rule | TTFT | E2E | P99 of TBT | GB a token |\n|---|---|---|---|---|---|")
    for workload in options.workloads:
        source, rate = workload.split(":")
        keys = [f"paper{'|' * bool(draw)}{draw or ''}" for draw in range(options.draws)]
        draws = [workloads.requests(key, source, float(rate), options.requests) for key in keys]
        for name in options.rules:
            rows = [measure(rule(programs[name]), drawn, costs) for drawn in draws]
            ttft, e2e, tbt, read = (mean(column) for column in zip(*rows, strict=True))
            print(f"| {source}, {rate}/s | `{name}` | {ttft:.0f} | {e2e:.0f} | {tbt:.1f} | {read:.2f} |", flush=True)


if __name__ == "__main__":
    main()
