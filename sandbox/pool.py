"""Slots for candidates: opens them, keeps supervisors warm, and replaces those that die."""

from __future__ import annotations

import contextlib
import importlib
import os
import pkgutil
import shutil
import tempfile
import threading
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Literal

from sandbox import backends
from sandbox.backends.base import Backend, Options
from sandbox.client import Lease, SocketSession
from sandbox.session import Limits, SandboxError

Isolation = Literal["warm", "fresh"]
ORDER = ("docker", "bubblewrap", "process")
PREFIX = "evolve-sandbox-"


def backend_names() -> list[str]:
    """All backends, the strongest first."""
    modules = [module.name for module in pkgutil.iter_modules(backends.__path__)]
    found = [name for name in modules if name != "base" and not name.startswith("_")]
    return sorted(found, key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name))


def load_backend(name: str) -> Backend:
    """A backend by name. Raises SandboxError for a name that there is not, and for a module that defines none."""
    if name not in backend_names():
        raise SandboxError(f"no sandbox backend {name!r}; there are: auto, {', '.join(backend_names())}")
    try:
        made = importlib.import_module(f"sandbox.backends.{name}").Sandboxed()
    except Exception as error:
        raise SandboxError(f"sandbox/backends/{name}.py: {type(error).__name__}: {error}") from error
    if not isinstance(made, Backend):
        raise SandboxError(f"sandbox/backends/{name}.py: Sandboxed is no subclass of sandbox.backends.base.Backend")
    vars(made)["name"] = name  # evaluator processes find it by its module, whatever a copied one says of itself
    return made


def choose_backend(name: str = "auto") -> tuple[Backend, list[str]]:
    """The backend to use, and for "auto" one line for each stronger one that does not work here.

    Raises SandboxError where the one that was asked for, or every one, does not work.
    """
    missing: list[str] = []
    for candidate in backend_names() if name == "auto" else [name]:
        backend = load_backend(candidate)
        problem = backend.available()
        if problem is None:
            return backend, missing
        missing.append(f"{candidate}: {problem}")
    raise SandboxError("; ".join(missing))


def open_sandbox(
    backend: str | Backend = "auto",
    isolation: Isolation = "warm",
    image: str | None = None,
    runtime: str | None = None,
    limits: Limits | None = None,
    without: tuple[str, ...] = (),
) -> Slot:
    """Open one slot. It is started in the background; `limits` are those that the first candidate is expected to have.

    warm: one supervisor serves one candidate after the other; fresh: each candidate has a new one, started ahead of
    need. Raises SandboxError where the backend does not work.
    """
    if isolation not in ("warm", "fresh"):
        raise SandboxError(f"no isolation {isolation!r}; there are: warm, fresh")
    chosen = choose_backend(backend)[0] if isinstance(backend, str) else backend
    return Slot(chosen, isolation, Options(limits or Limits(), image, runtime, without))


class Slot:
    """One slot: a supervisor that is ready, or on its way."""

    def __init__(self, backend: Backend, isolation: Isolation, options: Options) -> None:
        self.backend, self.isolation = backend, isolation
        self._options = options
        self._lock = threading.RLock()
        self._next: Future[Lease] | None = None
        self._current: Lease | None = None
        self._closed = False
        _sweep_folders()
        self._prepare()

    @property
    def current(self) -> Lease | None:
        """The supervisor that waits for the next candidate, if it is there."""
        return self._current

    @property
    def hello(self) -> dict[str, object]:
        """What the supervisor says about itself."""
        with self._lock:
            self._current = self._current or self._take()
            return self._current.hello

    def open(self, limits: Limits) -> SocketSession:
        """A session with a fresh process. Raises SandboxError."""
        with self._lock:
            if self._closed:
                raise SandboxError("this slot is closed")
            if _size(limits) != _size(self._options.limits):
                self._discard()
            self._options = replace(self._options, limits=limits)
            problem = ""
            for _attempt in range(3):
                lease = self._current or self._take()
                self._current = None
                try:
                    data = lease.start(limits)
                except SandboxError as error:
                    problem = str(error)
                    lease.kill()
                    continue
                if self._is_fresh(lease):
                    self._prepare()
                return SocketSession(lease, data, limits, self._give_back)
            raise SandboxError(f"{self.backend.name}: a candidate cannot be started: {problem}")

    def close(self) -> None:
        """Give up the slot and everything in it."""
        with self._lock:
            self._closed = True
            self._discard()

    def _is_fresh(self, lease: Lease) -> bool:
        """Is a supervisor to serve one candidate only?"""
        return self.isolation == "fresh" or (lease.hello["mode"] == "session" and self.backend.separates)

    def _give_back(self, lease: Lease, clean: bool) -> None:
        with self._lock:
            if clean and not self._closed and not self._is_fresh(lease) and self._current is None:
                with contextlib.suppress(SandboxError):
                    lease.begin(self._options.limits)
                    self._current = lease
                    return
            lease.kill()
            if not self._closed:
                self._prepare()

    def _prepare(self) -> None:
        """Start the next supervisor in the background, unless there is one."""
        if self._next is None:
            self._next = Future()
            arguments = (self._next, self.backend, self._options)
            threading.Thread(target=_launch, args=arguments, daemon=True, name="evolve-sandbox").start()

    def _take(self) -> Lease:
        problem: SandboxError | None = None
        for _attempt in range(2):
            self._prepare()
            assert self._next is not None
            future, self._next = self._next, None
            try:
                return future.result()
            except SandboxError as error:
                problem = error
        assert problem is not None
        raise problem

    def _discard(self) -> None:
        if self._current is not None:
            self._current.kill()
            self._current = None
        if self._next is not None:
            self._next.add_done_callback(_throw_away)
            self._next = None


def _launch(future: Future[Lease], backend: Backend, options: Options) -> None:
    try:
        future.set_result(Lease.launch(backend, options, _folder()))
    except SandboxError as error:
        future.set_exception(error)
    except BaseException as error:
        future.set_exception(SandboxError(f"{backend.name} does not start: {type(error).__name__}: {error}"))


def _throw_away(future: Future[Lease]) -> None:
    if future.exception() is None:
        future.result().kill()


def _size(limits: Limits) -> tuple[int, int, int]:
    """Those limits that a supervisor is started with."""
    return limits.memory_mb, limits.processes, limits.disk_mb


def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))


_swept = False


def _sweep_folders() -> None:
    """Delete, once, the folders of processes that were killed."""
    global _swept
    if _swept:
        return
    _swept = True
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        owner = path.name.removeprefix(PREFIX).partition("-")[0]
        with contextlib.suppress(OSError, ValueError):
            if path.stat().st_uid == os.geteuid() and not Path(f"/proc/{int(owner)}").exists():
                shutil.rmtree(path, ignore_errors=True)
