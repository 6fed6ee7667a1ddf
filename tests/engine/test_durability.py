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
from pathlib import Path

from evolve.archive import Archive

KILLS = 20
CANDIDATES = 300


def test_twenty_kills_lose_nothing(tiny: Path, tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.fakes.openai_server", "--script", "good", "--latency", "0.2", "--log", str(log)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    try:
        kills = _search_with_kills(server.stdout.readline().strip(), tiny, tmp_path)
    finally:
        server.kill()
        server.wait()
    assert kills == KILLS
    with Archive.open(tmp_path / "a.db") as archive:
        (run,) = archive.runs()
        made = [candidate for candidate in archive.candidates_of(run.id) if candidate.number > 0]
        assert run.status == "finished"
        assert [candidate.number for candidate in made] == list(range(1, CANDIDATES + 1))
        assert sorted(candidate.told or 0 for candidate in made) == list(range(1, CANDIDATES + 1))
        stored = {f"{run.id}/{c.number}/{turn}" for c in made for turn, _, _ in archive.completions(run.id, c.number)}
        assert archive.usage(run.id).calls == len(stored)
    answered = Counter(entry["key"] for line in log.read_text().splitlines() if (entry := json.loads(line)).get("paid"))
    assert set(answered) == stored
    assert set(answered.values()) == {1}


def _search_with_kills(url: str, problem: Path, folder: Path) -> int:
    rng = random.Random(os.environ.get("PYTEST_SEED", "durability"))
    environment = {**os.environ, "OPENAI_API_KEY": "none"}
    evolve = [sys.executable, "-m", "evolve"]
    database = ["--archive", str(folder / "a.db")]
    start = [
        *evolve, "run", str(problem), "--model", "fake-small", "--base-url", url, "--candidates", str(CANDIDATES),
        "--parallel", "3", "--sandbox", "process", *database,
    ]  # fmt: skip
    kills = 0
    command = start
    for attempt in range(KILLS + 1):
        with (folder / f"{attempt}.log").open("w") as output:
            process = subprocess.Popen(command, env=environment, stdout=output, stderr=output, start_new_session=True)
            try:
                process.wait(None if attempt == KILLS else rng.uniform(1.5, 3.0))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                kills += 1
            else:
                assert process.returncode == 0, (folder / f"{attempt}.log").read_text()
                break
        run = _run_id(folder / "a.db")
        command = [*evolve, "resume", run, *database] if run else start
        time.sleep(rng.uniform(0, 0.1))
    return kills


def _run_id(path: Path) -> str | None:
    if not path.exists():
        return None
    with Archive.open(path) as archive:
        runs = archive.runs()
    return runs[0].id if runs else None
