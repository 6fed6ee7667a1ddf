"""A run has one session at a time, and a process that is dead has none."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from evolve.archive import Archive, ArchiveError, sessions
from tests.archive import samples
from tests.archive.conftest import OneLine

RUN = "k3f9qz"


@pytest.fixture
def other() -> Iterator[subprocess.Popen[bytes]]:
    """Another process."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        with process:
            yield process
            process.kill()
    finally:
        process.kill()


def begun_by(process: subprocess.Popen[bytes], archive: Archive, **changes: Any) -> None:
    """A session of another process."""
    archive.create_run(samples.run())
    named = {"host": socket.gethostname(), "pid": process.pid, "started": sessions._started(process.pid)}
    archive.event(RUN, "session began", named | changes)


def test_it_is_noted_who_began(archive: Archive) -> None:
    archive.create_run(samples.run())
    archive.begin_session(RUN, {"sandbox": "process"})
    [event] = archive.events(RUN)
    assert event.kind == "session began"
    assert event.data["sandbox"] == "process"
    assert (event.data["host"], event.data["pid"]) == (socket.gethostname(), os.getpid())


def test_another_process_is_refused_until_the_session_ends(
    archive: Archive, other: subprocess.Popen[bytes], one_line: OneLine
) -> None:
    begun_by(other, archive)
    with pytest.raises(ArchiveError, match=f"being searched by another process .pid {other.pid} on") as refused:
        archive.begin_session(RUN, {})
    assert f"kill {other.pid}" in one_line(refused.value)
    archive.event(RUN, "session ended", {})
    archive.begin_session(RUN, {})


def test_a_killed_process_does_not_hold_a_run(archive: Archive, other: subprocess.Popen[bytes]) -> None:
    begun_by(other, archive)
    other.kill()
    os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)  # dead, but its parent has not asked for it yet
    archive.begin_session(RUN, {})


def test_a_run_whose_process_was_killed_is_stopped(archive: Archive, other: subprocess.Popen[bytes]) -> None:
    begun_by(other, archive)

    def statuses() -> tuple[str, ...]:
        return archive.run(RUN).status, archive.runs()[0].status, archive.summaries()[0].run.status

    assert statuses() == ("running",) * 3
    other.kill()
    os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
    assert statuses() == ("stopped",) * 3
    archive.begin_session(RUN, {})
    assert statuses() == ("running",) * 3, "this process searches it now"


def test_a_process_that_got_the_number_of_a_dead_one_does_not_hold_a_run(
    archive: Archive, other: subprocess.Popen[bytes]
) -> None:
    begun_by(other, archive, started=1)
    archive.begin_session(RUN, {})


def test_sessions_of_earlier_versions_do_not_hold_a_run(archive: Archive) -> None:
    archive.create_run(samples.run())
    archive.event(RUN, "session began", {"sandbox": "process"})
    archive.begin_session(RUN, {})


def test_another_host_holds_a_run_while_it_records_something(
    archive: Archive, other: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch, one_line: OneLine
) -> None:
    begun_by(other, archive, host="elsewhere")
    now = time.time()
    archive.save_candidate(samples.candidate(1, created=now + 60, finished=None))
    monkeypatch.setattr("time.time", lambda: now + 60 + sessions.QUIET - 61)
    with pytest.raises(ArchiveError, match=r"on elsewhere.*again in 2 min") as refused:
        archive.begin_session(RUN, {})
    one_line(refused.value)
    monkeypatch.setattr("time.time", lambda: now + 61 + sessions.QUIET)
    archive.begin_session(RUN, {})


def test_of_two_that_begin_at_the_same_moment_one_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if each thread were a process of another host."""
    names = threading.local()
    monkeypatch.setattr(socket, "gethostname", lambda: names.host)
    barrier, refused = threading.Barrier(4), []

    def begin(host: str) -> None:
        names.host = host
        with Archive.open(url) as archive:
            barrier.wait()
            try:
                archive.begin_session(RUN, {})
            except ArchiveError as error:
                refused.append(str(error))

    with Archive.open(url) as archive:
        archive.create_run(samples.run())
    threads = [threading.Thread(target=begin, args=(f"host{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 3
