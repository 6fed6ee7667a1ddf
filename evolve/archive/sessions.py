"""One session of a run at a time: two would ask the same questions twice and number what they are told twice.

A session that began and has not ended names its process. On the same host one looks whether that process is there: one
that was killed is not, and its run goes on at once. What another host does cannot be seen from here but in the archive:
it is taken to search for as long as it has recorded something lately.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, func, insert, select

from evolve.archive.database import Database
from evolve.archive.errors import ArchiveError
from evolve.archive.schema import CandidateRow, CompletionRow, EventRow, RunRow
from evolve.records import Run

BEGAN, ENDED = "session began", "session ended"
QUIET = 600.0  # seconds without a record after which another host's session is taken for dead: two slow calls


class Sessions(Database):
    """Begins sessions."""

    def begin_session(self, run: str, data: Mapping[str, Any]) -> None:
        """Note that a session of this process begins. Raises ArchiveError while another process searches the run."""
        with self._writing() as connection:
            # SQLite's write lock is held already; PostgreSQL's transactions queue here.
            connection.execute(select(RunRow.id).where(RunRow.id == run).with_for_update())
            if (objection := _objection(connection, run)) is not None:
                raise ArchiveError(f"run {run} is being searched by another process {objection}")
            row = {"run": run, "time": time.time(), "kind": BEGAN, "data": {**data, **_this_process()}}
            connection.execute(insert(EventRow), row)


def as_it_is(connection: Connection, run: Run) -> Run:
    """The run, stopped if its process was killed and could not note that."""
    if run.status == "running" and (last := _open_session(connection, run.id)) is not None:
        return run if _searching(connection, run.id, last) else replace(run, status="stopped")
    return run


def _objection(connection: Connection, run: str) -> str | None:
    """Where the run is being searched, and what to do; None if it is not."""
    last = _open_session(connection, run)
    if last is None or not _searching(connection, run, last):
        return None
    pid, host = last["pid"], last["host"]
    if host == socket.gethostname():
        # A session of this very process that could not note its end is over.
        stop = f"(pid {pid} on {host}): wait until it ends, or stop it first with `kill {pid}`"
        return None if pid == os.getpid() else stop
    minutes = int(_left(connection, run) // 60) + 1
    return f"(pid {pid} on {host}): stop it there; if it is dead already, try again in {minutes} min"


def _open_session(connection: Connection, run: str) -> Mapping[str, Any] | None:
    """What the run's last session noted when it began; None if it has ended."""
    mine = (EventRow.run == run) & EventRow.kind.in_((BEGAN, ENDED))
    last = connection.execute(select(EventRow.kind, EventRow.data).where(mine).order_by(EventRow.id.desc())).first()
    if last is None or last.kind == ENDED or "pid" not in last.data:  # earlier versions did not say who they were
        return None
    return dict(last.data)


def _searching(connection: Connection, run: str, session: Mapping[str, Any]) -> bool:
    if session["host"] == socket.gethostname():
        return _alive(session["pid"], session["started"])
    return _left(connection, run) > 0


def _left(connection: Connection, run: str) -> float:
    """Seconds for which a session on another host is still taken to search the run."""
    return _last_record(connection, run) + QUIET - time.time()


def _last_record(connection: Connection, run: str) -> float:
    """When the run recorded something for the last time."""
    columns = (
        (EventRow.time, EventRow.run),
        (CandidateRow.created, CandidateRow.run),
        (CandidateRow.finished, CandidateRow.run),
        (CompletionRow.created, CompletionRow.run),
    )
    found = [connection.execute(select(func.max(when)).where(of == run)).scalar() for when, of in columns]
    return max((when for when in found if when is not None), default=0.0)


def _this_process() -> dict[str, Any]:
    pid = os.getpid()
    return {"host": socket.gethostname(), "pid": pid, "started": _started(pid)}


def _alive(pid: int, started: int | None) -> bool:
    """Whether a process of this host is there, and is the one that started then: numbers are used again."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's, which /proc may hide
        return _started(pid) in (started, None)
    return started is None or _started(pid) == started


def _started(pid: int) -> int | None:
    """When a process started, in ticks since the machine did; None for one that has ended, and where there is no
    /proc."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return None
    return None if fields[0] in (b"Z", b"X") else int(fields[19])
