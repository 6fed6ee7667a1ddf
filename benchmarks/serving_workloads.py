"""The generators of serving workloads beside the traces that they are fitted to, as a table in Markdown.

    python benchmarks/serving_workloads.py

100,000 requests a source. "published" are figures of the trace or of its paper; "drawn" are the generator's.
"""

from __future__ import annotations

import random

import numpy as np

from evaluators.serving.workloads import SOURCES, arrivals, lengths

DRAWN = 100_000
SHARES = {"p5": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p90": 0.9, "p95": 0.95, "p99": 0.99}
# Of the traces and papers themselves: (source, part) -> figure -> tokens
PUBLISHED = {
    ("azure-conv", "input"): dict(zip(SHARES, (181, 396, 1020, 1189, 2734, 4083, 4142), strict=True)),
    ("azure-conv", "output"): dict(zip(SHARES, (41, 85, 129, 395, 424, 451, 601), strict=True)),
    ("azure-code", "input"): dict(zip(SHARES, (75, 578, 1469, 2744, 5187, 7303, 7436), strict=True)),
    ("azure-code", "output"): dict(zip(SHARES, (6, 9, 13, 24, 55, 90, 251), strict=True)),
    ("sharegpt", "input"): {"p50": 1730, "p90": 5696},
    ("sharegpt", "output"): {"p50": 415, "p90": 834},
    ("arxiv", "input"): {"p50": 7059, "p90": 12985},
    ("arxiv", "output"): {"p50": 208, "p90": 371},
    ("mooncake", "output"): {"p50": 350, "mean": 343},
    ("deepseek-r1", "output"): {"mean": 1690},
}


def main() -> None:
    print("| source | part | " + " | ".join((*SHARES, "mean")) + " |")
    print("|---|---|" + "---|" * (len(SHARES) + 1))
    for name, source in SOURCES.items():
        rng = random.Random(f"fit|{name}")
        pairs = np.array([lengths(rng, source) for _ in range(DRAWN)])
        for part, values in zip(("input", "output"), pairs.T, strict=True):
            published = PUBLISHED.get((name, part), {})
            drawn = dict(zip(SHARES, np.quantile(values, list(SHARES.values())), strict=True)) | {"mean": values.mean()}
            cells = [f"{published[f]:g} / {drawn[f]:.0f}" if f in published else f"{drawn[f]:.0f}" for f in drawn]
            print(f"| {name} | {part} | " + " | ".join(cells) + " |")
    print("\n| arrivals | rate, 1/s | CV | variance / mean of counts in 10 s |")
    print("|---|---|---|---|")
    for name, rate, cv in (("azure-conv", 5.53, 1.09), ("mooncake", 3.4, 3.0), ("azure-code", 2.57, 13.2)):
        gaps = np.diff(times := np.array(arrivals(f"fit|{name}", rate, DRAWN, cv)))
        counts = np.histogram(times, np.arange(0, times[-1], 10_000))[0]
        dispersion = counts.var() / counts.mean()
        print(f"| {name} | {1000 / gaps.mean():.2f} | {gaps.std() / gaps.mean():.2f} | {dispersion:.1f} |")


if __name__ == "__main__":
    main()
