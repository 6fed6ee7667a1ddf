"""The host's end of a supervisor: the lease that keeps it alive, and sessions with the candidates in it."""

from __future__ import annotations

import contextlib
import math
import os
import secrets
import shutil
import socket
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sandbox import wire
from sandbox.backends.base import Backend, Handle, Options
from sandbox.session import BUSY, KINDS, CandidateError, Limits, Report, SandboxError

LAUNCH_SECONDS = 30.0
START_SECONDS = 3.5
WORTH = 0.02  # of a call's limit: shorter extensions are not given
LOAD_SECONDS = 1.5  # what it may take to say how busy the machine was
ANSWER_SECONDS = 1.9  # what a supervisor may take to kill a candidate; then it is killed itself
FROM_WORKER = frozenset(KINDS) - {"timeout", "crashed", "protocol", "illegal"}
_leases: weakref.WeakSet[Lease] = weakref.WeakSet()


class Lease:
    """A connection to a supervisor. The supervisor, and all in it, ends when the connection does."""

    def __init__(
        self, backend: str, handle: Handle, folder: Path, control: socket.socket, hello: dict[str, Any]
    ) -> None:
        self.backend, self.handle, self.folder, self.control, self.hello = backend, handle, folder, control, hello
        self._begun: tuple[Limits, socket.socket] | None = None
        self._ready = False
        _leases.add(self)

    @classmethod
    def launch(cls, backend: Backend, options: Options, folder: Path) -> Lease:
        """Start a supervisor and connect to it. Raises SandboxError."""
        try:
            handle = backend.launch(folder, options)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        try:
            control = _connect(folder / "socket", handle)
            hello = wire.receive(control, LAUNCH_SECONDS)["hello"]
            return cls(backend.name, handle, folder, control, hello)
        except (OSError, EOFError, wire.WireError, KeyError, TypeError) as error:
            words = handle.last_words()
            handle.kill()
            shutil.rmtree(folder, ignore_errors=True)
            raise SandboxError(f"{backend.name}: the supervisor does not start: {words or error}") from None

    def ask(self, request: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        """Send a request to the supervisor. Raises SandboxError."""
        try:
            wire.send(self.control, request, seconds)
            answer = wire.receive(self.control, seconds)
        except (OSError, EOFError, wire.WireError) as error:
            raise SandboxError(f"the supervisor does not answer: {error}") from None
        if type(answer) is not dict:
            raise SandboxError("the supervisor's answer is none")
        return answer

    def begin(self, limits: Limits) -> None:
        """Ask for a candidate's process without waiting for it, so that it is there when it is needed."""
        token = secrets.token_bytes(16)
        request = {
            "op": "start",
            "token": token,
            "memory_mb": limits.memory_mb,
            "processes": limits.processes,
            "disk_mb": limits.disk_mb,
            "output_kb": limits.output_kb,
            # Only a backstop: the host measures wall time. Room for a thousand instances.
            "cpu_seconds": 60 + math.ceil(limits.call_seconds + 1000 * limits.instance_seconds),
        }
        data = socket.socket(socket.AF_UNIX)
        self._begun = (limits, data)
        try:
            wire.send(self.control, request, ANSWER_SECONDS)
            data.settimeout(ANSWER_SECONDS)
            data.connect(str(self.folder / "socket"))
            data.sendall(token)
        except OSError as error:
            raise SandboxError(f"the supervisor does not answer: {error}") from None

    def settle(self) -> None:
        """Wait for the process that was asked for, if any. Raises SandboxError."""
        if self._begun is not None and not self._ready:
            try:
                answer = wire.receive(self.control, START_SECONDS)
            except (OSError, EOFError, wire.WireError) as error:
                raise SandboxError(f"the supervisor does not answer: {error}") from None
            if answer != {"ok": True}:
                raise SandboxError(str(answer.get("error", answer)) if type(answer) is dict else "no answer")
            self._ready = True

    def start(self, limits: Limits) -> socket.socket:
        """The connection to a fresh process for a candidate: the one that waits, or a new one. Raises SandboxError."""
        if self._begun is not None and self._begun[0] != limits:
            self.settle()
            self._begun[1].close()
            self._begun, self._ready = None, False
            self.ask({"op": "stop"}, ANSWER_SECONDS)
        if self._begun is None:
            self.begin(limits)
            self.settle()
        else:
            self.settle()
            self.ask({"op": "ping"}, ANSWER_SECONDS)  # it may have died since
        assert self._begun is not None
        data = self._begun[1]
        self._begun, self._ready = None, False
        return data

    def kill(self) -> None:
        """End the supervisor and everything in it. Never fails, and returns at once."""
        with contextlib.suppress(OSError):
            self.control.close()
        if self._begun is not None:
            self._begun[1].close()
        _leases.discard(self)
        threading.Thread(target=self._bury, daemon=True, name="evolve-sandbox").start()

    def _bury(self) -> None:
        self.handle.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def _connect(path: Path, handle: Handle) -> socket.socket:
    """Connect as soon as something listens."""
    deadline = time.monotonic() + LAUNCH_SECONDS
    checked = time.monotonic()
    while True:
        control = socket.socket(socket.AF_UNIX)
        try:
            control.connect(str(path))
            return control
        except (FileNotFoundError, ConnectionRefusedError):
            control.close()
        now = time.monotonic()
        if now > deadline:
            raise TimeoutError(f"nothing listens after {LAUNCH_SECONDS:g} s")
        if now - checked > 0.5:
            checked = now
            if not handle.alive():
                raise EOFError("it ended")
        time.sleep(0.005)


class SocketSession:
    """A candidate in a supervisor."""

    def __init__(
        self, lease: Lease, data: socket.socket, limits: Limits, give_back: Callable[[Lease, bool], None]
    ) -> None:
        self._lease, self._data, self._limits, self._give_back = lease, data, limits, give_back
        self._report: Report | None = None
        self._ended: dict[str, Any] = {}
        self._spent = 0.0  # in calls
        self._silent = False  # the supervisor did not answer
        self._granted = 0.0  # of the time waited, by which calls were extended

    def call(self, message: Mapping[str, Any], seconds: float) -> Any:
        """Send one message and return its "ok" value. Raises CandidateError."""
        if self._report is not None:
            raise CandidateError("crashed", KINDS["crashed"])
        start = time.monotonic()
        most = start + BUSY * seconds

        def extend() -> float:
            """As long as the candidate waited for a processor lately."""
            waited = self._waited(self._spent + time.monotonic() - start)
            more = min(waited - self._granted, most - time.monotonic())
            if more < WORTH * seconds:
                return 0.0
            self._granted = waited
            return more

        try:
            wire.send(self._data, message, seconds)
            answer = wire.receive(self._data, seconds - (time.monotonic() - start), extend)
        except TimeoutError:
            self.close()
            raise CandidateError("timeout", f"no answer within {seconds:.3g} s") from None
        except (EOFError, OSError):
            self._finish(ended=True)
            raise self._death() from None
        except wire.WireError as error:
            self.close()
            raise CandidateError("protocol", f"{KINDS['protocol']}: {error}") from None
        finally:
            self._spent += time.monotonic() - start
        if type(answer) is dict and len(answer) == 1:
            if "ok" in answer:
                return answer["ok"]
            if type(answer.get("error")) is dict:
                raise _failure(answer["error"])
        self.close()
        raise CandidateError("protocol", f"{KINDS['protocol']}: neither a value nor an error")

    def waited(self) -> float:
        """Seconds since the start for which the candidate waited for a processor that others used."""
        return self._waited(self._spent)

    def _waited(self, spent: float) -> float:
        """What its own processes used of that time is no excuse: they may have stood in each other's way."""
        if self._report is not None:
            return 0.0
        try:
            answer = self._lease.ask({"op": "load"}, LOAD_SECONDS)
            return max(0.0, min(float(answer["waited"]), spent - float(answer["used"])))
        except (SandboxError, KeyError, TypeError, ValueError):
            self._silent = True
            return 0.0

    def close(self) -> Report:
        """Kill everything the candidate started, wipe what it wrote, and say what it used. Never fails."""
        return self._finish(ended=False)

    def _finish(self, ended: bool) -> Report:
        if self._report is not None:
            return self._report
        clean = False
        # No longer connected: a process that waits for its next message, and nothing else, ends by itself.
        try:
            if self._silent:
                raise SandboxError("the supervisor does not answer")
            answer = self._lease.ask({"op": "stop", "ended": ended}, ANSWER_SECONDS)
            clean = answer["clean"] is True
            self._ended = answer
            self._report = Report(
                str(answer["stdout"]),
                str(answer["stderr"]),
                float(answer["cpu_seconds"]),
                float(answer["peak_memory_mb"]),
            )
        except (SandboxError, KeyError, TypeError, ValueError):
            self._report = Report()
        self._data.close()
        self._give_back(self._lease, clean)
        return self._report

    def _death(self) -> CandidateError:
        """Why the connection ended, as far as the supervisor saw it."""
        if self._ended.get("oom"):
            return CandidateError("memory", f"killed: more than {self._limits.memory_mb} MB of memory")
        number = self._ended.get("signal")
        code = self._ended.get("exit")
        if type(number) is int:
            return CandidateError("crashed", f"the program's process was ended by signal {number}")
        if type(code) is int:
            return CandidateError("crashed", f"the program's process ended with status {code}")
        return CandidateError("crashed", "the program closed its connection")


def _failure(error: dict[str, Any]) -> CandidateError:
    """What the worker says went wrong. It comes from the candidate's process, so it may say anything."""
    kind, message, episode = error.get("kind"), error.get("message"), error.get("episode")
    if type(kind) is not str or kind not in FROM_WORKER or type(message) is not str:
        return CandidateError("protocol", f"{KINDS['protocol']}: an error of unknown kind")
    return CandidateError(kind, message[:4000], episode if type(episode) is int and episode >= 0 else None)


def _after_fork() -> None:
    """A forked child must not hold its parent's leases: supervisors would outlive the parent."""
    for lease in list(_leases):
        with contextlib.suppress(OSError):
            os.close(lease.control.detach())


os.register_at_fork(after_in_child=_after_fork)
