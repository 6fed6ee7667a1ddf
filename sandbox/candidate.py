"""Turns a process that a supervisor forked into a candidate's: limits on, rights and everything else gone."""

import contextlib
import fcntl
import os
import random
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
import numpy.random

from sandbox import confine, worker

DATA, READY = 3, 4  # the descriptor for messages, and the one to tell the supervisor that all went well
ENVIRONMENT = ("PATH", "LANG", "LD_LIBRARY_PATH", "PYTHONHASHSEED", "OPENBLAS_CORETYPE")


@dataclass
class Limits:
    """What one candidate may use; see `sandbox.session.Limits`."""

    memory_mb: int
    processes: int
    disk_mb: int
    cpu_seconds: int


def expendable() -> None:
    """Be the first that the kernel ends when memory runs out."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")


def become(limits: Limits, folder: str, descriptors: Sequence[int], drop: Callable[[], object]) -> NoReturn:
    """Turn a forked process into a candidate's: nothing of the supervisor's left, limits on, rights gone."""
    try:
        expendable()
        for kind in range(1, signal.NSIG):
            with contextlib.suppress(OSError, ValueError):
                signal.signal(kind, signal.SIG_IGN if kind in (signal.SIGPIPE, signal.SIGXFSZ) else signal.SIG_DFL)
        null = os.open(os.devnull, os.O_RDONLY)
        moved = [fcntl.fcntl(number, fcntl.F_DUPFD, 10) for number in (null, *descriptors)]
        for target, number in enumerate(moved):
            os.dup2(number, target, inheritable=target < DATA)
        os.closerange(READY + 1, 4096)
        os.chdir(folder)
        os.umask(0o077)
        kept_variables = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
        threads = {name: value for name, value in os.environ.items() if name.endswith("_NUM_THREADS")}
        os.environ.clear()
        os.environ.update(kept_variables | threads | {"HOME": folder, "TMPDIR": folder})
        confine.limit(limits.memory_mb, limits.processes, limits.disk_mb, limits.cpu_seconds)
        drop()
        confine.prctl(confine.PR_SET_NO_NEW_PRIVS, 1)
        with contextlib.suppress(OSError):
            confine.filter_calls()
        for name, number in (("stdout", 1), ("stderr", 2)):
            stream = open(number, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)
        sys.argv = ["candidate.py"]
        sys.excepthook = sys.__excepthook__
        # The forked generators would give every candidate of this supervisor, and no other, the same numbers.
        random.seed(0)
        np.random.seed(0)
        connection = socket.socket(fileno=DATA)
        os.write(READY, b"+")
        os.close(READY)
        worker.serve(connection)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.write(READY, f"{type(error).__name__}: {error}".encode()[:1000])
    finally:
        os._exit(70)
