"""A run whose process is still there, was killed, or is told to stop while its endpoint fails."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from evolve.archive import Archive
from tests.cli.conftest import Within
from tests.fakes.openai_server import FakeServer
from tests.fakes.scripts import Step, limited

Serve = Callable[..., FakeServer]
ALONE = ("--strategy", "islands", "--sandbox", "process", "--no-polish", "--parallel", "2")


@contextmanager
def searching(*words: str | Path, cwd: Path) -> Iterator[subprocess.Popen[str]]:
    """`evolve WORDS` in a process of its own, killed in the end with its evaluators."""
    process = subprocess.Popen(
        [sys.executable, "-m", "evolve", *map(str, words)],
        cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def wait_until(condition: Callable[[], Any], process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + 60
    while not condition():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < until
        time.sleep(0.05)


def only_run(folder: Path, within: Within) -> dict[str, Any]:
    [row] = json.loads(within(folder, "runs", "--json")[1])
    return dict(row)


def test_one_process_at_a_time_works_on_a_run(
    openai_server: Serve, tiny: Path, tmp_path: Path, within: Within, refused: Callable[..., str]
) -> None:
    server = openai_server(lambda index, body: Step(seconds=3))
    words = ("run", tiny, "--model", "fake-small", "--base-url", server.url, "--candidates", "8", *ALONE)
    with searching(*words, cwd=tmp_path) as process:
        wait_until(lambda: server.paid, process)
        run = only_run(tmp_path, within)["run"]
        line = refused(tmp_path, "resume", run, "--candidates", "9")
        assert f"run {run} is being searched by another process (pid {process.pid} on " in line
        assert only_run(tmp_path, within)["status"] == "running"
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert only_run(tmp_path, within)["status"] == "stopped"
    server.script = ()
    code, out, err = within(tmp_path, "resume", run)
    assert code == 0, out + err
    with Archive.open(tmp_path / "evolve.db") as archive:
        made = [c for c in archive.candidates_of(run) if c.proposed]
    assert sorted(c.told or 0 for c in made) == list(range(1, 9))
    assert len(server.paid) == len({entry["key"] for entry in server.requests})


def test_a_killed_run_is_replayed_as_far_as_it_came(
    openai_server: Serve, tiny: Path, tmp_path: Path, within: Within
) -> None:
    server = openai_server(lambda index, body: Step(seconds=60 if index == 1 else 0))
    words = ("run", tiny, "--model", "fake-small", "--base-url", server.url, "--candidates", "8", *ALONE)
    with searching(*words, cwd=tmp_path) as process:
        wait_until(lambda: len(server.paid) > 5, process)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    run = only_run(tmp_path, within)["run"]
    with Archive.open(tmp_path / "evolve.db") as archive:
        told = {c.number for c in archive.candidates_of(run) if c.proposed and c.told is not None}
    assert told
    assert told != set(range(1, max(told) + 1)), "one that was asked for earlier is still waited for"
    code, out, err = within(tmp_path, "replay", run)
    assert code == 0, out + err


def test_a_failing_endpoint_does_not_hold_up_a_run_that_is_told_to_stop(
    openai_server: Serve, tiny: Path, tmp_path: Path, within: Within
) -> None:
    server = openai_server(lambda index, body: Step() if index < 3 else limited(100))
    words = ("run", tiny, "--model", "fake-small", "--base-url", server.url, "--candidates", "8", *ALONE)
    with searching(*words, cwd=tmp_path) as process:
        wait_until(lambda: len(server.requests) > 3, process)
        process.terminate()
        out = process.communicate(timeout=60)[0]
        assert process.returncode == 0, out
    assert "Stopped; nothing is lost." in out
    row = only_run(tmp_path, within)
    assert row["status"] == "stopped"
    with Archive.open(tmp_path / "evolve.db") as archive:
        waiting = [c.number for c in archive.candidates_of(row["run"]) if c.status == "pending"]
        assert waiting
        assert all(archive.completions(row["run"], number) == [] for number in waiting)
    refused = {entry["key"] for entry in server.requests if entry["outcome"] == "429"}
    assert refused <= {f"{row['run']}/{number}/0" for number in waiting}
    server.script = ()
    code, out, err = within(tmp_path, "resume", row["run"])
    assert code == 0, out + err
    assert refused < set(server.paid)
    with Archive.open(tmp_path / "evolve.db") as archive:
        made = [c for c in archive.candidates_of(row["run"]) if c.proposed]
        assert archive.usage(row["run"]).calls == len(server.paid)
    assert sorted(c.told or 0 for c in made) == list(range(1, 9))
    assert "pending" not in {c.status for c in made}
