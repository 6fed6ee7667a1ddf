"""What tests of the sandbox share."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sandbox.backends.base import Options
from sandbox.pool import Slot, load_backend
from sandbox.session import Limits, Session
from tests.conftest import Variant

LIMITS = Limits(call_seconds=1.0, memory_mb=512, disk_mb=4, processes=8, output_kb=4)


@contextmanager
def opened(variant: Variant | str, isolation: Any = "warm", limits: Limits = LIMITS) -> Iterator[Slot]:
    """A slot, closed afterwards."""
    name, without = (variant, ()) if isinstance(variant, str) else (variant.backend, variant.without)
    slot = Slot(load_backend(name), isolation, Options(limits, without=without))
    try:
        yield slot
    finally:
        slot.close()


def load(session: Session, source: str, seconds: float = 2.0) -> Any:
    """Load a program with a `solve`."""
    return session.call({"op": "load", "source": source, "functions": ["solve"]}, seconds)


def ask(session: Session, argument: Any, seconds: float = 2.0) -> Any:
    """Call its `solve`."""
    return session.call({"op": "call", "episodes": [0], "arguments": [argument]}, seconds)[0]


def run(slot: Slot, source: str, argument: Any = None, limits: Limits = LIMITS) -> Any:
    """Load, ask once, close; the answer."""
    session = slot.open(limits)
    try:
        load(session, source)
        return ask(session, argument)
    finally:
        session.close()


def exists(pid: int) -> bool:
    """Whether a process is there, zombies not counted."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def eventually(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    """Whether something becomes true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def kill(pid: int, number: int) -> None:
    """os.kill, for a lambda."""
    os.kill(pid, number)
