"""kill -9 at random moments: nothing that was paid for is lost, nothing is paid twice."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evolve.archive import Archive

KILLS = 20
CANDIDATES = 100


def test_twenty_kills_lose_nothing(tiny: Path, tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    log.touch()
    with _process("tests.fakes.openai_server", "--script", "good", "--latency", "0.1", "--log", str(log)) as server:
        assert server.stdout is not None
        _search_with_kills(server.stdout.readline().strip(), tiny, tmp_path)
    with Archive.open(tmp_path / "a.db") as archive:
        (run,) = archive.runs()
        made = [candidate for candidate in archive.candidates_of(run.id) if candidate.proposed]
        assert run.status == "finished"
        assert [candidate.number for candidate in made] == list(range(1, CANDIDATES + 1))
        assert sorted(candidate.told or 0 for candidate in made) == list(range(1, CANDIDATES + 1))
        stored = {f"{run.id}/{c.number}/{turn}" for c in made for turn, _, _ in archive.completions(run.id, c.number)}
        assert archive.usage(run.id).calls == len(stored)
    answered = Counter(entry["key"] for line in log.read_text().splitlines() if (entry := json.loads(line)).get("paid"))
    assert set(answered) == stored
    assert set(answered.values()) == {1}


def _search_with_kills(url: str, problem: Path, folder: Path) -> None:
    """Kill a run soon after its start or after a few more answers, twenty times; then let it end."""
    rng = random.Random(os.environ.get("PYTEST_SEED", "durability"))
    log, database = folder / "server.log", ["--archive", str(folder / "a.db")]
    settings = folder / "run.toml"
    settings.write_text('sandbox = "process"\ntuning = 2\npolish = false\n')
    command = [
        "run", str(problem), "--model", "fake-small", "--base-url", url, "--candidates", str(CANDIDATES),
        "--parallel", "3", "--strategy", "islands", "--config", str(settings), *database,
    ]  # fmt: skip
    with _process("tests.engine.forking") as forks:
        assert forks.stdin is not None
        assert forks.stdout is not None
        for kill in range(KILLS + 1):
            forks.stdin.write(json.dumps(command) + "\n")
            forks.stdin.flush()
            fork = int(forks.stdout.readline())
            if kill < KILLS:
                _wait_for(log, rng.randint(0, 4))
                time.sleep(rng.uniform(0, 0.3))
                os.killpg(fork, signal.SIGKILL)
            assert int(forks.stdout.readline()) == (-signal.SIGKILL if kill < KILLS else 0)
            if run := _run_id(folder / "a.db"):
                command = ["resume", run, *database]


def _wait_for(log: Path, answers: int) -> None:
    """Wait until the server has given that many more."""
    before, until = log.stat().st_size, time.monotonic() + 60
    while log.read_bytes()[before:].count(b"\n") < answers:
        assert time.monotonic() < until
        time.sleep(0.02)


def _run_id(path: Path) -> str | None:
    if not path.exists():
        return None
    with Archive.open(path) as archive:
        runs = archive.runs()
    return runs[0].id if runs else None


@contextmanager
def _process(module: str, *words: str) -> Iterator[subprocess.Popen[str]]:
    """A Python module that is spoken to, and killed in the end."""
    command = [sys.executable, "-m", module, *words]
    environment = {**os.environ, "OPENAI_API_KEY": "none"}
    process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        with process:
            yield process
            process.kill()
    finally:
        process.kill()
        process.wait()
