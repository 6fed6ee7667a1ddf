"""The wall-clock that a run has used: the time within its sessions; what lies between them does not count."""

from __future__ import annotations

import time
from collections.abc import Sequence

from evolve.archive import Archive
from evolve.archive.sessions import BEGAN, ENDED


def seconds_used(archive: Archive, run: str) -> float:
    """Wall-clock of the earlier sessions of a run."""
    return within(sessions(archive, run))


def sessions(archive: Archive, run: str) -> list[tuple[float, float]]:
    """When each session of a run began and ended. One that was killed counts up to its last candidate."""
    found: list[tuple[float, float]] = []
    began = None
    finished = archive.finished(run)
    for event in [e for e in archive.events(run) if e.kind in (BEGAN, ENDED)] + [None]:
        if began is not None:
            ended = event is not None and event.kind == ENDED
            until = event.time if event is not None else time.time()
            last = max((t for t in finished if began <= t <= until), default=began)
            found.append((began, until if ended else last))
        began = event.time if event is not None and event.kind == BEGAN else None
    return found


def within(spans: Sequence[tuple[float, float]], until: float | None = None) -> float:
    """Seconds that spans of time cover, up to a moment."""
    return sum(max(0.0, (end if until is None else min(end, until)) - start) for start, end in spans)
