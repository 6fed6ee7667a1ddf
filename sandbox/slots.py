"""How a supervisor keeps one candidate from itself and from the next: three ways, the strongest that works is used.

- `UserSlot`: every candidate is another user (root only, or the container's root). All processes of that user are
  killed afterwards.
- `NamespaceSlot`: every candidate has process, user, shared-memory and mount namespaces of its own.
- `SessionSlot`: neither is possible. Descendants are found and killed; Landlock, where the kernel has it, hides files.

Runs inside the sandbox.
"""

import contextlib
import os
import random
import resource
import select
import signal
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from sandbox import confine, leftovers, namespaces, worker
from sandbox.candidate import Limits, become, expendable

FIRST_USER = 20_000
START_SECONDS = 3.0


class SlotError(Exception):
    """A candidate could not be started, or not be got rid of."""


@dataclass
class Usage:
    """What one candidate used, and how its first process ended by itself, if it did."""

    cpu_seconds: float = 0.0
    peak_memory_mb: float = 0.0
    exit: int | None = None
    signal: int | None = None
    clean: bool = True


class Slot:
    """Room for one candidate at a time."""

    mode = ""

    def __init__(self, temporary: str) -> None:
        self.base = temporary
        self.mechanisms: list[str] = []
        self.pid = 0
        self.folder = ""
        self.count = 0
        self.ended: tuple[int, Any] | None = None
        self.reaped = 0.0  # processor time of the candidate's processes that have ended
        self.stolen = 0.0  # see `leftovers.stolen`: when the candidate was started

    def start(self, limits: Limits, data: int, stdout: int, stderr: int) -> None:
        """Fork a process that serves the candidate on `data`, and see it ready. Raises SlotError or OSError."""
        self.count += 1
        self.ended = None
        self.reaped = 0.0
        self.stolen = leftovers.stolen()
        ready, tell = os.pipe()
        try:
            self.pid = self._spawn(limits, (stdout, stderr, data, tell))
        finally:
            os.close(tell)
        with open(ready, "rb", buffering=0) as pipe:
            told = pipe.read(1001) if select.select([pipe], [], [], START_SECONDS)[0] else b"it takes too long"
        if told != b"+":
            raise SlotError(f"the candidate's process does not start: {told.decode(errors='replace')}")

    def load(self) -> tuple[float, float]:
        """Seconds that the candidate stood in the queue for a processor, or had one that the machine's host took away,
        and seconds of processor time that all its processes have used."""
        self._reap()
        waited, used = leftovers.load(leftovers.descendants())
        return waited + leftovers.stolen() - self.stolen, used + self.reaped

    def wait(self, seconds: float) -> None:
        """Wait until the candidate's process has ended by itself, but not longer."""
        end = time.monotonic() + seconds
        while self.pid and not self._reap() and time.monotonic() < end:
            time.sleep(0.0005)

    def sweep(self) -> Usage:
        """Kill all that the candidate started, wipe what it wrote, and say what it used."""
        if not self.pid:
            return Usage(clean=self._wipe())
        self._reap()
        by_itself = self.ended is not None
        gone = self._kill()
        usage = Usage(clean=self._wipe() and gone)
        if self.ended:
            status, used = self.ended
            usage.cpu_seconds = round(used.ru_utime + used.ru_stime, 4)
            usage.peak_memory_mb = round(used.ru_maxrss / 1024, 1)
            if by_itself:
                usage.exit, usage.signal = self._explain(status)
        self.pid = 0
        return usage

    def _explain(self, status: int) -> tuple[int | None, int | None]:
        return (None, os.WTERMSIG(status)) if os.WIFSIGNALED(status) else (os.WEXITSTATUS(status), None)

    def _reap(self) -> bool:
        """Collect every process that has ended; has the candidate's own?"""
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status, used = os.wait4(-1, os.WNOHANG)
                if pid == 0:
                    break
                self.reaped += used.ru_utime + used.ru_stime
                if pid == self.pid:
                    self.ended = (status, used)
        return self.ended is not None

    def _make_folder(self, mode: int) -> str:
        self.folder = f"{self.base}/{self.count}-{os.urandom(6).hex()}"
        os.mkdir(self.folder)
        os.chmod(self.folder, mode)
        return self.folder

    def _spawn(self, limits: Limits, descriptors: Sequence[int]) -> int:
        raise NotImplementedError

    def _kill(self) -> bool:
        raise NotImplementedError

    def _wipe(self) -> bool:
        raise NotImplementedError


def choose(temporary: str, visible: Sequence[str], without: Sequence[str]) -> Slot:
    """The strongest slot that works here, with the mechanisms that apply to every candidate in it."""
    kinds: list[tuple[str, Callable[[], Slot]]] = [
        ("users", lambda: UserSlot(temporary)),
        ("namespaces", lambda: NamespaceSlot(temporary)),
        ("", lambda: SessionSlot(temporary, visible, "landlock" not in without)),
    ]
    for name, make in kinds:
        if name in without:
            continue
        slot = make()
        if slot.mode == "session" or _works(lambda slot=slot: _trial(slot)):  # type: ignore[misc]
            break
    if _works(_filter):
        slot.mechanisms.append("system-call filter")
    slot.mechanisms.append("resource limits")
    return slot


def _filter() -> None:
    confine.prctl(confine.PR_SET_NO_NEW_PRIVS, 1)
    confine.filter_calls()


def _works(action: Callable[[], object]) -> bool:
    """Whether an action succeeds, tried in a child."""
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(BaseException):
            action()
            os._exit(0)
        os._exit(1)
    return os.waitpid(pid, 0)[1] == 0


def _trial(slot: Slot) -> None:
    """Start and sweep a candidate; it has to serve, and to be able to read what it may want to import."""
    here, there = socket.socketpair()
    null = os.open(os.devnull, os.O_WRONLY)
    confine.prctl(confine.PR_SET_CHILD_SUBREAPER, 1)
    slot.start(Limits(1024, 16, 1, 60), there.fileno(), null, null)
    there.close()
    here.settimeout(5)
    program = "import colorsys, numpy.polynomial\ndef solve(x): return x"
    worker.send(here, {"op": "load", "source": program, "functions": ["solve"]})
    answer = worker.receive(here)
    if "ok" not in answer or not slot.sweep().clean:
        raise SlotError(str(answer))


class UserSlot(Slot):
    """A user per candidate. Another user's processes can neither be signalled nor traced, and its files not read."""

    mode = "user"

    def __init__(self, temporary: str) -> None:
        super().__init__(temporary)
        self.mechanisms = ["a user per candidate"]
        self.first, self.users = _free_users()
        self.user = 0

    def _spawn(self, limits: Limits, descriptors: Sequence[int]) -> int:
        self.user = self.first + self.count % self.users
        # Open to all, and nobody else is here: so the supervisor needs no right to give files away.
        folder = self._make_folder(0o777)
        if (pid := os.fork()) == 0:
            os.setsid()
            become(limits, folder, descriptors, self._drop)
        return pid

    def _drop(self) -> None:
        os.setgroups([])
        os.setresgid(self.user, self.user, self.user)
        os.setresuid(self.user, self.user, self.user)

    def _kill(self) -> bool:
        """Kill as the candidate's user, which reaches all its processes at once, until no child is left to wait for:
        orphans become children of the supervisor, so then nothing is left at all."""
        end = time.monotonic() + 1.5
        while True:
            helper = os.fork()
            if helper == 0:
                self._as_candidate(lambda: os.kill(-1, signal.SIGKILL))
            os.waitpid(helper, 0)
            for _ in range(50):
                if self._reap_all():
                    return True
                time.sleep(0.0002)
            if time.monotonic() > end:
                return False

    def _reap_all(self) -> bool:
        """Collect every process that has ended; is no child left?"""
        self._reap()
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return True
        return False

    def _as_candidate(self, action: Callable[[], object]) -> NoReturn:
        """Act as the candidate's user, and leave."""
        try:
            self._drop()
            action()
        finally:
            os._exit(0)

    def _wipe(self) -> bool:
        if not self.folder:
            return True
        try:
            os.rmdir(self.folder)
        except OSError:
            pass
        else:
            self.folder = ""
            return True
        helper = os.fork()
        if helper == 0:
            self._as_candidate(lambda: leftovers.empty(self.folder))
        os.waitpid(helper, 0)
        try:
            os.rmdir(self.folder)
        except OSError:
            return False
        self.folder = ""
        return True


def _free_users() -> tuple[int, int]:
    """A range of user ids that nothing else has, if there is room for one.

    Limits on processes count a user's processes in all containers, so two supervisors should not share users.
    """
    inside, _outside, count = map(int, Path("/proc/self/uid_map").read_text().split()[:3])
    if inside == 0 and count > 2_100_000_000:
        return 1_900_000_000 + 1000 * random.SystemRandom().randrange(200_000), 1000
    return FIRST_USER, 1000


class NamespaceSlot(Slot):
    """Namespaces per candidate: it sees no process but its own, and they all die with the first of them."""

    mode = "namespaces"

    def __init__(self, temporary: str) -> None:
        super().__init__(temporary)
        self.mechanisms = ["namespaces per candidate"]

    def _spawn(self, limits: Limits, descriptors: Sequence[int]) -> int:
        ready, tell = os.pipe()
        outer = os.fork()
        if outer == 0:
            try:
                confine.prctl(confine.PR_SET_DUMPABLE, 1)  # else its /proc files are root's, and not to be written
                namespaces.unshare(namespaces.NEWUSER | namespaces.NEWPID | namespaces.NEWNS | namespaces.NEWIPC)
                if inner := os.fork():
                    os.write(tell, str(inner).encode())
                else:
                    self._first(limits, descriptors, tell)
            finally:
                os._exit(0)
        os.close(tell)
        os.waitpid(outer, 0)
        pid = int(os.read(ready, 32) or b"0")
        os.close(ready)
        if not pid:
            raise SlotError("the kernel refuses namespaces for a candidate")
        return pid

    def _first(self, limits: Limits, descriptors: Sequence[int], tell: int) -> None:
        """The first process of a candidate's namespace: prepares it, and then only collects those that end."""
        os.close(tell)
        os.setsid()
        namespaces.make_private()
        namespaces.read_only("/")
        namespaces.own_proc()
        namespaces.scratch(self.base, limits.disk_mb, "777")
        signal.signal(signal.SIGTERM, _interrupt)
        expendable()
        confine.prctl(confine.PR_SET_DUMPABLE, 0)
        candidate = os.fork()
        if candidate == 0:
            os.setsid()
            become(limits, self.base, descriptors, lambda: confine.keep_capabilities(()))
        os.closerange(0, 4096)
        confine.keep_capabilities(())
        with contextlib.suppress(InterruptedError):
            while True:
                pid, status = os.wait()
                if pid == candidate:
                    os._exit(128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status))
        with contextlib.suppress(OSError):  # told to stop: end the others and count what they used
            os.kill(-1, signal.SIGKILL)
            while True:
                os.wait()

    def _explain(self, status: int) -> tuple[int | None, int | None]:
        code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
        return (None, code - 128) if code > 128 else (code, None)

    def _kill(self) -> bool:
        for number, seconds in ((signal.SIGTERM, 0.2), (signal.SIGKILL, 1.3)):  # the first so that it can count
            if self.ended is None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.pid, number)
                self.wait(seconds)
        return self.ended is not None

    def _wipe(self) -> bool:
        return True  # the folder was a file system of the namespace's own


def _interrupt(number: int, frame: object) -> NoReturn:
    raise InterruptedError


class SessionSlot(Slot):
    """No way to set candidates apart: a session of its own, and all descendants are found and killed."""

    mode = "session"

    def __init__(self, temporary: str, visible: Sequence[str], landlock: bool) -> None:
        super().__init__(temporary)
        self.visible = visible
        self.landlock = landlock and bool(visible) and bool(confine.landlock_version())
        self.mechanisms = ["a session per candidate", *(["Landlock"] if self.landlock else [])]

    def _spawn(self, limits: Limits, descriptors: Sequence[int]) -> int:
        folder = self._make_folder(0o700)
        # The limit counts all processes of the user, so those that are there already come on top.
        limits = Limits(
            limits.memory_mb, limits.processes + leftovers.processes_of_user(), limits.disk_mb, limits.cpu_seconds
        )
        if (pid := os.fork()) == 0:
            os.setsid()
            become(limits, folder, descriptors, self._drop)
        return pid

    def _drop(self) -> None:
        if os.geteuid() == 0:
            with contextlib.suppress(OSError):
                confine.keep_capabilities(())
        if self.landlock:
            confine.prctl(confine.PR_SET_NO_NEW_PRIVS, 1)
            devices = [f"/dev/{name}" for name in namespaces.DEVICES]
            confine.see_only(self.visible, [self.folder, *devices])

    def _kill(self) -> bool:
        end = time.monotonic() + 1.5
        while (found := leftovers.descendants()) and time.monotonic() < end:
            for pid in found:  # first stop them from forking, then kill: otherwise a fork bomb may win the race
                with contextlib.suppress(OSError):
                    resource.prlimit(pid, resource.RLIMIT_NPROC, (0, 0))
            for pid in found:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.001)
            self._reap()
        return not found

    def _wipe(self) -> bool:
        if self.folder:
            with contextlib.suppress(OSError, RecursionError):
                leftovers.empty(self.folder)
                os.rmdir(self.folder)
                self.folder = ""
        return not self.folder
