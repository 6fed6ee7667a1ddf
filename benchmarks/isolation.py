"""What isolation costs: every problem's train split in this process and in every sandbox that works here, side by side.

    python benchmarks/isolation.py [--json FILE] [--repeat 5] [PROBLEM ...]

Each round measures all ways one after the other. Shown are medians over the rounds; the best rounds are in the JSON
file too. Whatever else the machine does adds to both, so keep it idle.
The target is 1.3 times the time in this process, or 20 ms more where an evaluation is that short.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from evaluators.evaluate import evaluate
from evaluators.problem import Problem, load_problem, problem_names
from sandbox.pool import Slot, backend_names, load_backend, open_sandbox
from sandbox.session import InProcessSandbox, Limits, Sandbox

TARGET_RATIO, TARGET_MS = 1.3, 20.0


@dataclass(frozen=True)
class Figure:
    """One problem in one sandbox."""

    problem: str
    program: str
    backend: str
    calls: int
    in_process_ms: float
    sandbox_ms: float
    in_process_best_ms: float
    sandbox_best_ms: float

    @property
    def ratio(self) -> float:
        return self.sandbox_ms / self.in_process_ms

    @property
    def met(self) -> bool:
        return self.ratio <= TARGET_RATIO or self.sandbox_ms - self.in_process_ms <= TARGET_MS


@dataclass(frozen=True)
class Start:
    """How long a backend takes to be ready, and for one candidate in a warm slot (open, load, answer once, close)."""

    backend: str
    start_ms: float
    candidate_ms: float


def programs(problem: Problem) -> dict[str, str]:
    """The program that a search starts from, and the paper's rule where there is one."""
    found = {"initial": problem.initial}
    if problem.spec.paper_rule:
        found[problem.spec.paper_rule] = problem.baselines[problem.spec.paper_rule]
    return found


def measure(problem: Problem, backends: list[str], repeat: int) -> list[Figure]:
    """All ways of evaluating a problem's programs on its train split."""
    ways: dict[str, Sandbox] = {"": InProcessSandbox()}
    slots: dict[str, Slot] = {name: open_sandbox(name, limits=problem.limits) for name in backends}
    ways |= slots
    figures = []
    try:
        for program, source in programs(problem).items():
            spent: dict[str, list[float]] = {name: [] for name in ways}
            results = {name: evaluate(problem, source, "train", way) for name, way in ways.items()}  # warms up
            for name, result in results.items():
                if result.failure or result.behaviour != results[""].behaviour:
                    raise SystemExit(f"{problem.name}, {program}: {name} differs: {result.failure}")
            for _ in range(repeat):
                for name, way in ways.items():
                    time.sleep(0.03)  # a slot prepares itself for the next candidate: not at the next way's expense
                    start = time.perf_counter()
                    evaluate(problem, source, "train", way)
                    spent[name].append(1000 * (time.perf_counter() - start))
            best = {name: min(times) for name, times in spent.items()}
            middle = {name: statistics.median(times) for name, times in spent.items()}
            for name in backends:
                times = (middle[""], middle[name], best[""], best[name])
                figures.append(Figure(problem.name, program, name, results[name].calls, *times))
    finally:
        for slot in slots.values():
            slot.close()
    return figures


def measure_start(backend: str, repeat: int) -> Start:
    """Start a slot a few times, and run small candidates in it."""
    starts, candidates = [], []
    for _ in range(3):
        start = time.perf_counter()
        slot = open_sandbox(backend)
        assert slot.hello
        starts.append(1000 * (time.perf_counter() - start))
        for _ in range(4 * repeat):
            start = time.perf_counter()
            session = slot.open(Limits())
            session.call({"op": "load", "source": "def solve(x):\n    return x\n", "functions": ["solve"]}, 2.0)
            session.call({"op": "call", "episodes": [0], "arguments": [1]}, 2.0)
            session.close()
            candidates.append(1000 * (time.perf_counter() - start))
        slot.close()
    return Start(backend, statistics.median(starts), statistics.median(candidates))


def main() -> None:
    """Measure, show, and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("problems", nargs="*", default=problem_names())
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    console = Console()
    backends = []
    for name in backend_names():
        if problem := load_backend(name).available():
            console.print(f"{name} is left out: {problem}")
        else:
            backends.append(name)
    starts = [measure_start(name, options.repeat) for name in backends]
    table = Table("backend", "start, ms", "candidate in a warm slot, ms", title="Starting")
    for one in starts:
        table.add_row(one.backend, f"{one.start_ms:.0f}", f"{one.candidate_ms:.1f}")
    console.print(table)
    figures: list[Figure] = []
    for name in options.problems:
        figures += measure(load_problem(name), backends, options.repeat)
    table = Table(
        "problem",
        "program",
        "messages",
        "in process, ms",
        "backend",
        "ms",
        "ratio",
        "more, ms",
        "target",
        title="Train",
    )
    for figure in figures:
        table.add_row(
            figure.problem, figure.program, str(figure.calls), f"{figure.in_process_ms:.1f}", figure.backend,
            f"{figure.sandbox_ms:.1f}", f"{figure.ratio:.2f}", f"{figure.sandbox_ms - figure.in_process_ms:.1f}",
            "met" if figure.met else "missed",
        )  # fmt: skip
    console.print(table)
    if options.json:
        content = {
            "python": platform.python_version(),
            "starts": [asdict(one) for one in starts],
            "figures": [{**asdict(figure), "ratio": figure.ratio, "met": figure.met} for figure in figures],
        }
        options.json.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
