"""The parent of candidates inside a sandbox: forks one at a time, kills all it started, wipes what it wrote.

Started by a backend as a script, with one argument: a JSON object of `Settings`. The first connection is the lease:
when it ends, so does everything in here. Requests on it are frames of `worker.py`: "start" (the host then opens a
second connection, which becomes the candidate's) and "stop" (answered with what the candidate left behind).
Standard library and numpy only; how candidates are kept apart is in `slots.py`.
"""

import contextlib
import gc
import json
import os
import select
import signal
import socket
import sys
from dataclasses import dataclass, field
from typing import Any, NoReturn

# Set before numpy is imported: a process with threads can neither be forked safely nor enter a user namespace.
for _name in ("OPENBLAS", "OMP", "MKL", "NUMEXPR", "VECLIB_MAXIMUM"):
    os.environ[f"{_name}_NUM_THREADS"] = "1"
_ABOVE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_SETTINGS = json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}
sys.path[:0] = [_ABOVE, *_SETTINGS.get("paths", [])]

import numpy as np  # noqa: E402

from sandbox import confine, namespaces, slots, worker  # noqa: E402
from sandbox.candidate import Limits  # noqa: E402

PIPE = 1 << 16


@dataclass
class Settings:
    """What a backend tells its supervisor.

    listen: a path to listen at, or the descriptor of a socket that listens already; visible: paths that may be read;
    paths: where numpy is, if not on the path; isolate: enter namespaces and leave the host's root first; temporary:
    where candidates' folders are made; disk_mb: the size of that folder where it is made here; without: mechanisms
    not to be used.
    """

    listen: str | int
    visible: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    isolate: bool = False
    temporary: str = "/tmp"
    disk_mb: int = 16
    without: list[str] = field(default_factory=list)


class Output:
    """What a candidate printed: the head and the tail of it, read from a pipe that never fills up."""

    def __init__(self, keep: int) -> None:
        self.read, self.write = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self.read, False)
        self._half = keep // 2
        self._head, self._tail, self._total = bytearray(), bytearray(), 0

    def pump(self) -> bool:
        """Read what is there; False at the end."""
        try:
            data = os.read(self.read, PIPE)
        except BlockingIOError:
            return False
        self._total += len(data)
        room = self._half - len(self._head)
        self._head += data[:room]
        self._tail += data[max(room, 0) :]
        del self._tail[: -self._half or None]
        return bool(data)

    def finish(self) -> str:
        """Read the rest, and give the text."""
        for _ in range(64):
            if not self.pump():
                break
        os.close(self.read)
        dropped = self._total - len(self._head) - len(self._tail)
        gap = f"\n[… {dropped} bytes left out …]\n".encode() if dropped else b""
        return bytes(self._head + gap + self._tail).decode("utf-8", "replace")


class Supervisor:
    """Serves one lease."""

    def __init__(self, listener: socket.socket, slot: slots.Slot, mechanisms: list[str]) -> None:
        self.listener, self.slot, self.mechanisms = listener, slot, mechanisms
        self.outputs: list[Output] = []  # those that are still open
        self.oom = 0

    def serve(self) -> None:
        """Answer requests until the lease ends."""
        self.listener.settimeout(60)
        control, _ = self.listener.accept()
        worker.send(control, {"hello": self.hello()})
        poll = select.poll()
        poll.register(control, select.POLLIN)
        while True:
            watched = {output.read: output for output in self.outputs}
            for descriptor in watched:
                poll.register(descriptor, select.POLLIN)
            ready = poll.poll()
            for descriptor in watched:
                poll.unregister(descriptor)
            for descriptor, _event in ready:
                if descriptor in watched and not watched[descriptor].pump():
                    self.outputs.remove(watched[descriptor])
            if any(descriptor == control.fileno() for descriptor, _event in ready):
                request = worker.receive(control)
                worker.send(control, getattr(self, "do_" + request["op"])(request))

    def hello(self) -> dict[str, Any]:
        """What this sandbox is."""
        return {
            "mode": self.slot.mode,
            "mechanisms": self.mechanisms,
            "python": sys.version.split()[0],
            "numpy": np.__version__,
        }

    def do_ping(self, request: dict[str, Any]) -> dict[str, Any]:
        """Show that this process runs."""
        return {"ok": True}

    def do_start(self, request: dict[str, Any]) -> dict[str, Any]:
        """Fork a candidate onto the next connection that shows the token."""
        keep = request["output_kb"] << 10
        self.stdout, self.stderr = Output(keep), Output(keep)
        self.outputs = [self.stdout, self.stderr]
        self.oom = oom_kills()
        self.listener.settimeout(2)
        data = None
        try:
            data, _ = self.listener.accept()
            data.settimeout(2)
            if data.recv(64, socket.MSG_WAITALL) != request["token"]:
                raise PermissionError("not the host")
            limits = Limits(**{name: request[name] for name in Limits.__annotations__})
            data.settimeout(None)
            self.slot.start(limits, data.fileno(), self.stdout.write, self.stderr.write)
        except (OSError, slots.SlotError) as error:
            self.slot.sweep()
            return {"error": f"{type(error).__name__}: {error}"}
        finally:
            os.close(self.stdout.write)
            os.close(self.stderr.write)
            if data is not None:
                data.close()
        return {"ok": True}

    def do_load(self, request: dict[str, Any]) -> dict[str, Any]:
        """How long the candidate waited for a processor, and what it used of them."""
        waited, used = self.slot.load()
        return {"waited": waited, "used": used}

    def do_stop(self, request: dict[str, Any]) -> dict[str, Any]:
        """Kill the candidate and everything it started, wipe its folder, and report."""
        if request.get("ended"):
            self.slot.wait(0.2)
        usage = self.slot.sweep()
        report = {
            "stdout": self.stdout.finish(),
            "stderr": self.stderr.finish(),
            "oom": oom_kills() > self.oom,
            "cpu_seconds": usage.cpu_seconds,
            "peak_memory_mb": usage.peak_memory_mb,
            "exit": usage.exit,
            "signal": usage.signal,
            "clean": usage.clean,
        }
        self.outputs = []
        return report


def oom_kills() -> int:
    """How many processes the kernel has killed in this control group for want of memory."""
    for name in ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control"):
        with contextlib.suppress(OSError), open(name) as file:
            for line in file:
                if line.startswith("oom_kill "):
                    return int(line.split()[1])
    return 0


def listen(where: str | int) -> socket.socket:
    """The socket that the host connects to."""
    if isinstance(where, int):
        return socket.socket(fileno=where)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(where)
    os.chmod(where, 0o666)  # the folder around it is closed to all but the host's user and this process
    listener.listen(8)
    return listener


def isolate(settings: Settings) -> None:
    """Leave the host's users, processes, network, shared memory and files, by a fork. Raises OSError if refused."""
    flags = namespaces.NEWNS | namespaces.NEWIPC | namespaces.NEWPID | namespaces.NEWNET
    if not {confine.CAP_SYS_ADMIN, confine.CAP_SETUID, confine.CAP_SETGID} <= confine.capabilities():
        flags |= namespaces.NEWUSER
    ready, tell = os.pipe()
    probe = os.fork()
    if probe == 0:  # tried in a child first: there is no way back from half of it
        with contextlib.suppress(BaseException):
            namespaces.unshare(flags)
            if os.fork() == 0:
                namespaces.private_root(settings.visible, settings.temporary, settings.disk_mb)
                os.write(tell, b"+")
            else:
                os.wait()
        os._exit(0)
    os.close(tell)
    os.waitpid(probe, 0)
    worked = os.read(ready, 1)
    os.close(ready)
    if not worked:
        raise OSError("namespaces are refused")
    namespaces.unshare(flags)
    if child := os.fork():
        become_a_shell(child)
    namespaces.private_root(settings.visible, settings.temporary, settings.disk_mb)
    settings.temporary = namespaces.SCRATCH


def become_a_shell(child: int) -> NoReturn:
    """Hold nothing, wait for the child, end as it does."""
    os.closerange(0, 1024)
    while True:
        pid, status = os.wait()
        if pid == child:
            os._exit(0 if status == 0 else 1)


def main() -> None:
    """Prepare, serve the lease, and take everything along."""
    settings = Settings(**_SETTINGS)
    for kind in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(kind, signal.SIG_IGN if kind == signal.SIGINT else signal.SIG_DFL)
    sys.path.remove(_ABOVE)
    listener = listen(settings.listen)
    mechanisms = []
    if settings.isolate and "namespaces" not in settings.without:
        with contextlib.suppress(OSError):
            isolate(settings)
            mechanisms.append("own namespaces and root")
    os.chmod(settings.temporary, 0o711)  # a container's /tmp takes its permissions from the image: open to all
    confine.prctl(confine.PR_SET_DUMPABLE, 0)
    confine.prctl(confine.PR_SET_CHILD_SUBREAPER, 1)
    slot = slots.choose(settings.temporary, settings.visible, settings.without)
    mechanisms += slot.mechanisms
    gc.collect()
    gc.freeze()
    try:
        Supervisor(listener, slot, mechanisms).serve()
    except (EOFError, OSError, ValueError, KeyError):
        pass
    finally:
        slot.sweep()
        os._exit(0)


if __name__ == "__main__":
    main()
