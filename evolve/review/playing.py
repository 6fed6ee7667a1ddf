"""A sandbox for pages that play programs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from evaluators.problem import Problem
from sandbox.pool import Slot, open_sandbox
from sandbox.session import SandboxError

PATIENCE = 30.0  # seconds; whoever waits keeps a thread of the server

Playing = Callable[[Problem], AbstractContextManager[Slot]]


def playing(backend: str) -> Playing:
    """Opens a sandbox for a problem, for as long as a block lasts; one at a time. Raises SandboxError."""
    turn = threading.Lock()

    @contextmanager
    def opened(problem: Problem) -> Iterator[Slot]:
        if not turn.acquire(timeout=PATIENCE):
            raise SandboxError("other pages are playing programs; try again in a while")
        try:
            sandbox = open_sandbox(backend, "warm", image=problem.spec.image, runtime=problem.spec.runtime)
            try:
                yield sandbox
            finally:
                sandbox.close()
        finally:
            turn.release()

    return opened
