"""How quick the pages over a large archive are, what they need, and how large a report is.

    python benchmarks/review.py [--candidates 50000] [--keep FILE]

An archive of `job_shop`: one run of 10,000 candidates, the rest in runs of 1,000, with programs of about 2 kB that are
measured on 20 train instances each (one in twenty on validation, too), and prompts for a third. `evolve review` serves
it from a process of its own. Times are those of requests over HTTP, in ms; the delay is from a candidate's commit until
an open page in Chromium shows it.
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
from rich import box
from rich.console import Console
from rich.table import Table
from sqlalchemy import insert

from evaluators.evaluate import InstanceResult
from evaluators.problem import Problem, load_problem
from evolve.archive import Archive, rows
from evolve.archive.schema import CandidateRow, CompletionRow, EvaluationRow, LineageRow
from evolve.records import Candidate, Completion, Message, Run
from tests.review.chromium import Chromium, Looking

LARGE, SMALL = 10_000, 1_000  # candidates of a run
INSTANCES, ROUNDS, COMMITS = 20, 10, 10
OPERATORS = ("explore", "mutate", "crossover", "simplify", "repair")
WRITERS = (("openai", "large-model"), ("openai", "small-model"), ("mutator", None))
FIRST_MS, FILTER_MS, MEMORY_MB, LIVE_S, REPORT_MB, REPORT_S = 1000, 200, 300, 2, 5, 60


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--candidates", type=int, default=50_000)
    parser.add_argument("--keep", type=Path, help="use this archive, and make it if it is not there")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = given.keep or Path(folder) / "evolve.db"
        if not path.exists():
            make(path, given.candidates)
        figures = [*pages(path), *live(path), *report(path, Path(folder) / "report.html")]
    table = Table("what", "median", "worst", "demanded", box=box.MARKDOWN)
    for row in figures:
        table.add_row(*row)
    Console(width=120).print(table)


# -- the archive ------------------------------------------------------------------------------------------------------


def make(path: Path, candidates: int) -> None:
    """Fill an archive."""
    problem, rng = load_problem("job_shop"), random.Random(0)
    sizes = [LARGE] + [SMALL] * ((candidates - LARGE) // SMALL)
    with Archive.open(path) as archive:
        for at, size in enumerate(sizes):
            id = f"run{at:03d}"
            archive.create_run(run_of(id, at, problem, champion=f"{id}-{size}"))
            archive.event(id, "session began")
            for start in range(-len(problem.baselines), size + 1, 1000):
                store(archive, id, range(start, min(start + 1000, size + 1)), problem, rng)
            archive.event(id, "session ended")


def run_of(id: str, at: int, problem: Problem, champion: str | None) -> Run:
    strategy = ("islands", "adaptive", "tournament")[at % 3]
    config = {
        "strategy": strategy,
        "proposer": "openai",
        "models": ["large-model", "small-model"],
        "candidates": 20_000,
    }
    named = {"problem": problem.name, "folder": str(problem.folder), "fingerprint": problem.fingerprint}
    return Run(id=id, config=config, seed=at, champion=champion, status="finished", created=1.7e9 + at, **named)


def store(archive: Archive, run: str, numbers: range, problem: Problem, rng: random.Random) -> None:
    """Insert candidates with what belongs to them; many at once, which the archive itself does one by one."""
    found = [candidate_of(run, number, problem, rng) for number in numbers]
    measured = [row for one in found for row in results_of(one, problem, rng)]
    asked = [completion_of(run, one.number, one, rng) for one in found if one.number > 0 and one.number % 3 == 0]
    lineage = [row for one in found for row in rows.lineage_rows(one)]
    with archive._writing() as connection:
        connection.execute(insert(CandidateRow), [rows.candidate_row(one) for one in found])
        for table, values in ((LineageRow, lineage), (EvaluationRow, measured), (CompletionRow, asked)):
            if values:
                connection.execute(insert(table), values)


def candidate_of(run: str, number: int, problem: Problem, rng: random.Random) -> Candidate:
    rules = problem.baselines
    if number <= 0:
        name, source = ("initial", problem.initial) if number == 0 else list(rules.items())[-number - 1]
        valid = {"status": "valid", "gaps": gaps_of(60, rng, test=True), "size": 9, "decision_seconds": 0.01}
        return Candidate(f"{run}-{number}", run, number, "human", "human", name=name, source=source, **valid)  # type: ignore[arg-type]
    proposer, model = rng.choice(WRITERS)
    parent = rng.randrange(max(0, number - 200), number)
    last = number in (LARGE, SMALL)
    more: dict[str, Any] = {
        "source": program(rng, list(rules.values())),
        "status": "valid",
    }
    if rng.random() < 0.7 or last:
        more |= {"gaps": gaps_of(60 * number**-0.2, rng, last), "size": rng.randrange(8, 200)}
        more |= {"decision_seconds": rng.lognormvariate(-4, 1), "thought": "Work that is left weighs more late."}
    else:
        more |= {"status": rng.choice(("duplicate", "invalid", "outraced")), "failure_kind": "exception"}
        more |= {"failure_message": "ZeroDivisionError: division by zero"}
    times = {"created": 1.7e9 + number, "finished": 1.7e9 + number + 1.5, "told": number, "evaluations": 1.0}
    parents = (f"{run}-{parent}",)
    return Candidate(
        f"{run}-{number}", run, number, rng.choice(OPERATORS), proposer, model=model, parents=parents, **more, **times
    )


def gaps_of(mean: float, rng: random.Random, test: bool = False) -> dict[str, float]:
    gaps = {"train": rng.lognormvariate(0, 0.2) * mean}
    if test or rng.random() < 0.05:
        gaps["validation"] = gaps["train"] * rng.uniform(0.95, 1.1)
    return gaps | ({"test": gaps["train"] * 1.05} if test else {})


def program(rng: random.Random, rules: list[str]) -> str:
    """About 2 kB that look like a program, no two the same."""
    lines = [f"    w{at} = {rng.uniform(0, 2):.6g} * {rng.choice(('p', 'work', 'ready', 'ops'))}" for at in range(45)]
    return (
        f'{rng.choice(rules)}\n\ndef other(p, work, ready, ops):\n    """Weighs."""\n'
        + "\n".join(lines)
        + "\n    return w0\n"
    )


def results_of(one: Candidate, problem: Problem, rng: random.Random) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for split, mean in one.gaps.items():
        keys = [instance.key for instance in problem.instances(split)[:INSTANCES]]
        results = [
            InstanceResult(key, f"class {at % 4}", 110.0, 100.0, mean + at - 9.5, {}) for at, key in enumerate(keys)
        ]
        found += rows.evaluation_rows(one.id, split, results, 0)
    return found


def completion_of(run: str, number: int, one: Candidate, rng: random.Random) -> dict[str, Any]:
    told = "\n".join(f"Instance {at}: gap {rng.uniform(0, 50):.3f}, late {rng.randrange(99)}" for at in range(60))
    messages = [Message("system", STATEMENT), Message("user", f"{told}\n\n{one.source}")]
    tokens = {"input_tokens": 2000, "output_tokens": 600, "cost": 0.004, "seconds": 3.0}
    completion = Completion(f"An idea.\n```python\n{one.source}```", one.model or "large-model", **tokens)  # type: ignore[arg-type]
    key = {"run": run, "number": number, "turn": 0, "request_key": f"{number}", "created": 1.7e9 + number}
    return {**rows.completion_row(completion, messages), **key}


STATEMENT = "You write dispatching rules for job shops. " * 60


# -- what is measured -------------------------------------------------------------------------------------------------


@contextmanager
def reviewing(path: Path) -> Iterator[tuple[str, int]]:
    """`evolve review` over an archive: its address, its process."""
    command = [sys.executable, "-m", "evolve", "review", "--port", "0", "--archive", str(path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip().rstrip("/"), process.pid
    finally:
        process.terminate()
        process.wait()


Figure = tuple[str, str, str, str]


def pages(path: Path) -> Iterator[Figure]:
    """Pages and filters, and the memory that serving them took."""
    large, small = "/runs/run000", "/runs/run001"
    with reviewing(path) as (url, pid), httpx.Client(base_url=url, timeout=60) as client:
        cold = timed(client, "/")
        yield "the first page, asked for the first time", f"{cold:.0f} ms", "", f"< {FIRST_MS} ms"
        yield row("the first page", [timed(client, "/") for _ in range(ROUNDS)], FIRST_MS)
        for name, at in ((f"a run of {LARGE:,}", large), (f"a run of {SMALL:,}", small)):
            yield row(name, [timed(client, at) for _ in range(ROUNDS)])
        yield row("a candidate with its prompt", [timed(client, f"/candidates/run001-{3 * n}") for n in range(1, 11)])
        yield row(f"lineage of {LARGE:,}", [timed(client, f"{large}/lineage") for _ in range(ROUNDS)])
        for name, base, query in FILTERS:
            asked = f"{base}?{urlencode(query)}"
            yield row(name, [timed(client, asked) for _ in range(ROUNDS)], FILTER_MS)
        peak = int(re.findall(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())[0]) / 1000
        yield "memory of the server, at most", f"{peak:.0f} MB", "", f"< {MEMORY_MB} MB"


FILTERS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("filter: status", "/runs/run000/candidates", {"status": "valid"}),
    ("filter: operator and model", "/runs/run000/candidates", {"operator": "explore", "by": "small-model"}),
    ("filter: text", "/runs/run000/candidates", {"text": "mutator simpl"}),
    ("filter: text that nothing has", "/runs/run000/candidates", {"text": "nothing"}),
    ("sorted by nodes, falling", "/runs/run000/candidates", {"sort": "size", "falling": "yes"}),
    ("the last page of a list", "/runs/run000/candidates", {"sort": "number", "offset": str(LARGE - 10)}),
    ("leaderboard over all runs", "/problems/job_shop", {}),
    ("leaderboard: strategy and model", "/problems/job_shop", {"strategy": "islands", "by": "small-model"}),
    ("leaderboard: text", "/problems/job_shop", {"text": "explore 77"}),
)


def timed(client: httpx.Client, path: str) -> float:
    started = time.perf_counter()
    answer = client.get(path)
    answer.raise_for_status()
    return 1e3 * (time.perf_counter() - started)


def row(name: str, values: list[float], most: float | None = None) -> Figure:
    wanted = f"< {most:.0f} ms" if most else ""
    return name, f"{statistics.median(values):.0f} ms", f"{max(values):.0f} ms", wanted


def live(path: Path) -> Iterator[Figure]:
    """How soon an open page shows a candidate."""
    browser = Chromium()
    with reviewing(path) as (url, _), Archive.open(path, create=False) as archive:
        for run, size in (("run000", LARGE), ("run001", SMALL)):
            for looking in browser.looking():
                delays = browser.do(lambda: _delays(archive, run, looking, url))  # noqa: B023
                name = f"until a new candidate of a run of {size:,} is shown"
                yield name, f"{statistics.median(delays):.1f} s", f"{max(delays):.1f} s", f"< {LIVE_S} s"
    browser.close()


def _delays(archive: Archive, run: str, looking: Looking, url: str) -> list[float]:
    looking.at(f"{url}/runs/{run}")
    number = max(one.number for one in archive.glimpses(run))
    delays = []
    for at in range(1, COMMITS + 1):
        time.sleep(random.Random(at).uniform(0, 1))
        new = Candidate(
            f"{run}-{number + at}", run, number + at, "explore", "mutator", status="invalid", told=number + at
        )
        new.finished = time.time()
        archive.save_candidate(new)
        committed = time.monotonic()
        shown = sum(archive.counts(run).values())
        looking.until(f"document.querySelector('#run').textContent.includes('{shown:,}')")
        delays.append(time.monotonic() - committed)
    return delays


def report(path: Path, file: Path) -> Iterator[Figure]:
    """Size of a report, and the time to write it."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "evolve", "report", "run002", "--archive", str(path), "-o", str(file)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    took = time.perf_counter() - started
    yield f"report of a run of {SMALL:,}", f"{file.stat().st_size / 1e6:.1f} MB", "", f"< {REPORT_MB} MB"
    yield "written in", f"{took:.0f} s", "", f"< {REPORT_S} s"


if __name__ == "__main__":
    main()
