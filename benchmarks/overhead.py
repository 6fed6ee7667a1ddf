"""What the engine adds to each candidate: a search with a model that answers at once, one life at a time.

    python benchmarks/overhead.py [--json FILE] [--candidates 60] [--sizes 0,1000,10000] [--sandbox docker]

The archive holds 0, 1,000 and 10,000 candidates of the same run already, each measured on 40 instances. Every program
is evaluated a second time in the same evaluator process, just before the engine does it: what a candidate takes beyond
that is the engine's. The model is a function in this process, and then the tests' fake server over HTTP. Medians.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from evaluators.evaluate import Evaluation, InstanceResult
from evaluators.problem import Problem, load_problem
from evolve.allocation import Allocation
from evolve.archive import Archive
from evolve.budget import Budget, Limits
from evolve.config import read_config
from evolve.engine import Engine
from evolve.evaluation import EvaluationPool
from evolve.lanes import Lanes
from evolve.prompting import Prompts
from evolve.proposers.base import Proposer, Request
from evolve.proposers.openai import OpenAIProposer
from evolve.records import Candidate, Completion, Run
from evolve.session import new_run
from evolve.strategies.islands import Islands
from evolve.syntax import fingerprint, size
from sandbox.pool import choose_backend
from tests.fakes.replies import variation

TARGET_MS = 25.0
WARM_UP = 5  # candidates that do not count
INSTANCES = 40


@dataclass(frozen=True)
class Figure:
    """Milliseconds a candidate (medians), and where they go: `other` is LangGraph, asyncio and the rest. restore_s:
    telling the strategy what is in the archive, before the first candidate."""

    model: str
    archive: int
    candidates: int
    evaluation_ms: float
    overhead_ms: float
    cpu_ms: float  # of the engine's process, which a busy machine does not lengthen
    archive_ms: float
    proposer_ms: float
    strategy_ms: float
    prompt_ms: float
    other_ms: float
    restore_s: float

    @property
    def met(self) -> bool:
        return self.overhead_ms <= TARGET_MS


class Stopwatch:
    """Adds up time by what it was spent on; `lap` closes a candidate."""

    def __init__(self) -> None:
        self.spent: Counter[str] = Counter()
        self.laps: list[dict[str, float]] = []
        self.searching = False
        self._since, self._cpu = time.perf_counter(), time.process_time()

    @contextmanager
    def on(self, what: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.spent[what] += 1000 * (time.perf_counter() - start)

    def timed(self, what: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            with self.on(what):
                return function(*arguments, **named)

        return call

    def lap(self) -> None:
        now, cpu = time.perf_counter(), time.process_time()
        self.laps.append({**self.spent, "wall": 1000 * (now - self._since), "cpu": 1000 * (cpu - self._cpu)})
        self.spent.clear()
        self._since, self._cpu = now, cpu


class Instant:
    """A model that answers at once, every time with another program."""

    name = "instant"
    reads_prompts = True
    operators: Sequence[str] | None = None

    async def propose(self, request: Request) -> Completion:
        return Completion(variation(request.key), request.model, input_tokens=1000, output_tokens=100, cost=0.0)

    async def close(self) -> None:
        pass


class TimedProposer:
    def __init__(self, proposer: Proposer, watch: Stopwatch) -> None:
        self._proposer, self._watch = proposer, watch
        self.name, self.reads_prompts, self.operators = proposer.name, proposer.reads_prompts, proposer.operators

    async def propose(self, request: Request) -> Completion:
        with self._watch.on("proposer"):
            return await self._proposer.propose(request)

    async def close(self) -> None:
        await self._proposer.close()


class TimedPool(EvaluationPool):
    """Evaluates each program of the search on train once more, just before the engine has it evaluated."""

    watch: Stopwatch

    async def evaluate(
        self, source: str, split: str, positions: Sequence[int] | None = None, relabelling: int = 0
    ) -> Evaluation:
        if split == "train" and self.watch.searching:
            with self.watch.on("plain"):
                await super().evaluate(source, "train")
        with self.watch.on(split):
            return await super().evaluate(source, split, positions, relabelling)


class Laps:
    """A listener that closes a lap where a candidate's life is over, and notes when the search began."""

    def __init__(self, watch: Stopwatch) -> None:
        self._watch = watch
        self.began = 0.0

    def phase(self, text: str) -> None:
        self.began = time.perf_counter()
        self._watch.searching = text == "searching"

    def baselines(self, candidates: Sequence[Candidate]) -> None:
        pass

    def called(self, candidate: Candidate, completion: Completion) -> None:
        pass

    def told(self, candidate: Candidate) -> None:
        self._watch.lap()


def fill(archive: Archive, run: Run, problem: Problem, count: int) -> None:
    """Candidates as an earlier session of the run would have left them."""
    rng = random.Random("fill")
    instances = problem.instances("train")[:INSTANCES]
    for number in range(1, count + 1):
        source = variation(f"fill|{number}").split("```python\n")[1].split("```")[0]
        level = rng.uniform(20, 60)
        results = [
            InstanceResult(one.key, one.group, 1000 + level, 1000.0, level + rng.uniform(-5, 5), {"late": 3.0})
            for one in instances
        ]
        archive.save_candidate(
            Candidate(
                id=f"{run.id}-{number}",
                run=run.id,
                number=number,
                operator="mutate",
                proposer="instant",
                status="valid",
                parents=(f"{run.id}-{max(0, number - rng.randint(1, 20))}",) if number > 1 else (),
                note={"island": number % 4},
                source=source,
                syntax=fingerprint(source),
                behaviour=f"fill-{number}",
                size=size(source),
                gaps={"train": statistics.fmean(result.gap for result in results)},
                told=number,
                created=time.time(),
                finished=time.time(),
            ),
            {"train": results},
        )


async def search(archive: Archive, run: Run, problem: Problem, proposer: Proposer, backend: str, candidates: int,
                 watch: Stopwatch) -> float:  # fmt: skip
    """One session of the run, one life at a time; returns the seconds that restoring the earlier ones took."""
    for name in ("save_candidate", "completion", "save_completion"):
        setattr(archive, name, watch.timed("archive", getattr(archive, name)))
    strategy, prompts = Islands(), Prompts()
    strategy.tell = watch.timed("strategy", strategy.tell)  # type: ignore[method-assign]
    prompts.messages = watch.timed("prompt", prompts.messages)  # type: ignore[method-assign]
    listener = Laps(watch)
    first: list[float] = []
    ask = strategy.ask

    def asked(*arguments: Any) -> Any:
        first.append(time.perf_counter())
        with watch.on("strategy"):
            return ask(*arguments)

    strategy.ask = asked  # type: ignore[method-assign]
    known = len([one for one in archive.candidates_of(run.id) if one.number > 0])
    async with TimedPool(problem, backend, "warm", 1) as pool:
        pool.watch = watch
        engine = Engine(
            run=run, problem=problem, archive=archive, proposers={proposer.name: TimedProposer(proposer, watch)},
            lanes=Lanes(proposer.name, 1), strategy=strategy, prompts=prompts, pool=pool,
            budget=Budget(Limits(candidates=known + candidates)), listener=listener, models=["fake-small"],
            allocation=Allocation(repairs=1, tuning=0),
        )  # fmt: skip
        await engine.search()
    await proposer.close()
    return first[0] - listener.began


def measure(problem: Problem, model: str, count: int, candidates: int, backend: str, folder: Path) -> Figure:
    """Fill an archive, search, and take the medians over candidates that were measured on train alone."""
    config = read_config(problem.name, None, {"models": ["fake-small"], "base_url": "http://127.0.0.1:9/v1"})
    watch = Stopwatch()
    with Archive.open(folder / f"{model}-{count}.db") as archive, _proposer(model) as proposer:
        run = new_run(config, archive, problem)
        if count:
            initial = Candidate(f"{run.id}-0", run.id, 0, "initial", "human", "valid", source=problem.initial)
            initial.gaps = {"train": 50.0, "validation": 50.0}
            archive.save_candidate(initial)
            fill(archive, run, problem, count)
        restore = asyncio.run(search(archive, run, problem, proposer, backend, candidates, watch))
    laps = [lap for lap in watch.laps[WARM_UP:] if "plain" in lap and "validation" not in lap]

    def middle(value: Callable[[dict[str, float]], float]) -> float:
        return statistics.median(value(lap) for lap in laps)

    # The evaluation beside the engine's is in the wall time, and what the engine's may take: it is subtracted twice.
    parts = {name: middle(lambda lap, name=name: lap.get(name, 0.0)) for name in  # type: ignore[misc]
             ("archive", "proposer", "strategy", "prompt")}  # fmt: skip
    overhead = middle(lambda lap: lap["wall"] - 2 * lap["plain"])
    return Figure(
        model=model,
        archive=count,
        candidates=len(laps),
        evaluation_ms=middle(lambda lap: lap["plain"]),
        overhead_ms=overhead,
        cpu_ms=middle(lambda lap: lap["cpu"]),
        archive_ms=parts["archive"],
        proposer_ms=parts["proposer"],
        strategy_ms=parts["strategy"],
        prompt_ms=parts["prompt"],
        other_ms=middle(lambda lap: lap["wall"] - lap["plain"] - lap["train"] - sum(lap.get(n, 0.0) for n in parts)),
        restore_s=restore,
    )


@contextmanager
def _proposer(model: str) -> Iterator[Proposer]:
    if model == "function":
        yield Instant()
        return
    command = [sys.executable, "-m", "tests.fakes.openai_server"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1])
    try:
        assert server.stdout is not None
        yield OpenAIProposer(base_url=server.stdout.readline().strip(), api_key="none")
    finally:
        server.kill()
        server.wait()


def main() -> None:
    """Measure, show, and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--problem", default="single_machine_tardiness")
    parser.add_argument("--candidates", type=int, default=60)
    parser.add_argument("--sizes", default="0,1000,10000")
    parser.add_argument("--models", default="function,http")
    parser.add_argument("--sandbox", default="auto")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    console, problem = Console(), load_problem(options.problem)
    backend = choose_backend(options.sandbox)[0].name
    figures = []
    with tempfile.TemporaryDirectory() as folder, console.status("measuring", spinner="line"):
        for model in options.models.split(","):
            for count in map(int, options.sizes.split(",")):
                figures.append(measure(problem, model, count, options.candidates, backend, Path(folder)))
    table = Table(
        "model", "archive", "evaluation", "overhead", "CPU", "archive", "proposer", "strategy", "prompt",
        "other", "restore, s", "target", title=f"Milliseconds a candidate of {problem.name}; {backend}, warm",
        box=box.SIMPLE_HEAD, padding=0,
    )  # fmt: skip
    for one in figures:
        parts = (one.archive_ms, one.proposer_ms, one.strategy_ms, one.prompt_ms, one.other_ms)
        table.add_row(
            one.model, f"{one.archive:,}", f"{one.evaluation_ms:.1f}", f"{one.overhead_ms:.1f}", f"{one.cpu_ms:.1f}",
            *(f"{part:.1f}" for part in parts), f"{one.restore_s:.1f}", "met" if one.met else "missed",
        )  # fmt: skip
    console.print(table)
    if options.json:
        content = {
            "python": platform.python_version(),
            "problem": problem.name,
            "sandbox": backend,
            "target_ms": TARGET_MS,
            "figures": [{**asdict(one), "met": one.met} for one in figures],
        }
        options.json.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
