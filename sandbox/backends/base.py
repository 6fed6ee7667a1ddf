"""What a backend is: something that starts a supervisor and can kill it."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import signal
import subprocess
import sys
import sysconfig
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from sandbox.session import Limits

FOLDER = Path(__file__).parent.parent
INSIDE = "/opt/evolve"  # where the scripts are in a sandbox with files of its own
SCRIPTS = ("__init__", "supervisor", "slots", "candidate", "leftovers", "confine", "namespaces", "worker")
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/etc/ld.so.cache",
          "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives", "/etc/localtime")  # fmt: skip


def scripts() -> dict[str, str]:
    """The files that a supervisor consists of, and where they are to be seen."""
    return {str(FOLDER / f"{name}.py"): f"{INSIDE}/sandbox/{name}.py" for name in SCRIPTS}


@dataclass(frozen=True)
class Options:
    """What a supervisor is started with. `without` names mechanisms that are not to be used, for tests."""

    limits: Limits = field(default_factory=Limits)
    image: str | None = None
    runtime: str | None = None
    without: tuple[str, ...] = ()


class Handle(ABC):
    """A supervisor that was started. `pid` is the process that this machine knows it by."""

    pid: int

    @abstractmethod
    def alive(self) -> bool:
        """Whether it still runs."""

    @abstractmethod
    def kill(self) -> None:
        """End it and everything in it, at once. Never fails."""

    @abstractmethod
    def last_words(self) -> str:
        """What it said when it could not start."""


class Backend(ABC):
    """One way to start a supervisor. A module in this folder defines one subclass, named `Sandboxed`."""

    name: ClassVar[str]
    provides: ClassVar[tuple[str, ...]] = ()  # mechanisms around the supervisor
    separates: ClassVar[bool] = True  # a new supervisor shares nothing with the one before

    @abstractmethod
    def available(self) -> str | None:
        """None if it works here, else one line: what is missing, and what to do about it."""

    @abstractmethod
    def launch(self, folder: Path, options: Options) -> Handle:
        """Start a supervisor that listens at `folder / "socket"`, now or soon. Raises SandboxError.

        `folder` exists, and nobody but this user can enter it.
        """


class Child(Handle):
    """A supervisor that is a child process of ours."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.pid = process.pid

    def alive(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        # The supervisor may be a child of the process that made its namespaces, and would survive that one's end.
        for pid in [*children(self._process.pid), self._process.pid]:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()
        if self._process.stderr:
            self._process.stderr.close()

    def last_words(self) -> str:
        try:
            self._process.wait(0.5)
        except subprocess.TimeoutExpired:
            return ""
        if not self._process.stderr or self._process.stderr.closed:
            return ""
        lines = self._process.stderr.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"exit status {self._process.returncode}"


def children(pid: int) -> list[int]:
    """The processes whose parent is this one, if it still runs."""
    found = []
    for name in filter(str.isdecimal, os.listdir("/proc")):  # not glob: it fails at a process that ends meanwhile
        with contextlib.suppress(OSError):
            if int(Path("/proc", name, "stat").read_bytes().rpartition(b")")[2].split()[1]) == pid:
                found.append(int(name))
    return found


def interpreter() -> str:
    """The interpreter itself: a virtual environment's link would need the environment to be visible."""
    return os.path.realpath(sys.executable)


def numpy_paths() -> tuple[str, list[str]]:
    """The folder to import numpy from, and what of it has to be visible."""
    folder = Path(np.__file__).resolve().parent
    libraries = folder.parent / "numpy.libs"
    return str(folder.parent), [str(path) for path in (folder, libraries) if path.exists()]


def visible() -> list[str]:
    """All that a candidate may see of this machine's files: an interpreter, numpy and the system's libraries."""
    prefixes = {os.path.realpath(sys.base_prefix), os.path.realpath(sys.base_exec_prefix)}
    prefixes.add(os.path.realpath(sysconfig.get_path("stdlib")))
    under = [p for p in sorted(prefixes) if not any(p != q and p.startswith(q + "/") for q in prefixes)]
    paths = [path for path in SYSTEM if os.path.lexists(path)]
    covered = [*paths, *under]
    return [*paths, *(p for p in [*under, *numpy_paths()[1]] if not any(p.startswith(f"{q}/") for q in covered))]


def environment(local: bool = True) -> dict[str, str]:
    """A supervisor's environment: nothing of this process's but what numerical libraries need to be right, and what
    this machine's interpreter may need to start."""
    names = ("OPENBLAS_CORETYPE", *(("LD_LIBRARY_PATH",) if local else ()))
    passed = {name: os.environ[name] for name in names if name in os.environ}
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        **passed,
    }


def command(settings: Mapping[str, Any], python: str, above: str) -> Sequence[str]:
    """How a supervisor is started: without the user's own packages, nor .pth files if the settings say where numpy is.

    Not with -I, which would have it ignore PYTHONHASHSEED: the order of sets has to be the same in every process.
    """
    plain = ["-S"] if settings.get("paths") else []
    return [python, "-s", "-P", *plain, f"{above}/sandbox/supervisor.py", json.dumps(settings)]


def linux() -> str | None:
    """What is missing where this is not Linux."""
    return None if platform.system() == "Linux" else f"needs Linux, this is {platform.system()}; use Docker"
