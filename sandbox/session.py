"""What the trusted side sees of a sandbox: slots that hold one candidate at a time, and sessions to talk to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

KINDS = {
    # protocol failures: the program never got as far as its algorithm
    "syntax": "the program does not compile",
    "import": "the program fails when it is imported",
    "missing": "the program lacks the function that is asked for",
    "signature": "the function's parameters are not those that the problem offers",
    "type": "an answer has the wrong type",
    "protocol": "what came out of the sandbox is not a message",
    # algorithmic failures: the program ran and went wrong
    "exception": "the program raised an exception",
    "illegal": "an answer breaks the problem's rules",
    "timeout": "the program exceeded its time limit",
    "memory": "the program exceeded its memory limit",
    "crashed": "the program's process ended",
    "evaluator": "the evaluator itself failed on this answer",
}
BUSY = 4.0  # times its limits in wall time that a candidate may take while others use the processors
PROTOCOL_KINDS = frozenset({"syntax", "import", "missing", "signature", "type", "protocol"})


class CandidateError(Exception):
    """A candidate failed. Expected, and recorded as data: `kind` is a key of KINDS, `message` is for the proposer."""

    def __init__(self, kind: str, message: str, episode: int | None = None) -> None:
        super().__init__(message)
        self.kind, self.message, self.episode = kind, message, episode


class SandboxError(Exception):
    """The sandbox itself does not work (no daemon, no image, a supervisor that died): never the candidate's fault."""


@dataclass(frozen=True)
class Limits:
    """What one candidate may use.

    call_seconds: time of one message, which may hold a decision of each of up to 64 instances.
    instance_seconds: time spent in the candidate, on average over the instances of an evaluation.
    Both are wall time, less the time for which the candidate could have run and other programs of the machine did
    instead, as far as the kernel counts it: a busy machine makes no program invalid.
    memory_mb: address space of the candidate's process; processes: processes and threads of its own;
    disk_mb: its temporary folder; output_kb: how much of stdout and of stderr is kept.
    """

    call_seconds: float = 2.0
    instance_seconds: float = 1.0
    memory_mb: int = 1024
    processes: int = 16
    disk_mb: int = 16
    output_kb: int = 16


@dataclass(frozen=True)
class Report:
    """What a candidate left behind when its session was closed: its output (bounded) and what it used."""

    stdout: str = ""
    stderr: str = ""
    cpu_seconds: float = 0.0
    peak_memory_mb: float = 0.0


class Session(Protocol):
    """A running candidate."""

    def call(self, message: Mapping[str, Any], seconds: float) -> Any:
        """Send one message of `worker.Program` and return its "ok" value.

        Raises CandidateError when the candidate fails, dies, sends rubbish or takes longer than `seconds`.
        """

    def waited(self) -> float:
        """Seconds since the start for which the candidate waited for a processor that others used, as far as known."""

    def close(self) -> Report:
        """Kill everything the candidate started, wipe what it wrote, and say what it used. Never fails twice."""


class Sandbox(Protocol):
    """One slot, which holds at most one candidate at a time."""

    def open(self, limits: Limits) -> Session:
        """A session with a fresh process that has loaded nothing yet. Raises SandboxError."""

    def close(self) -> None:
        """Give up the slot and everything in it."""


class InProcessSession:
    """No isolation: calls `worker.Program` directly. For tests of simulators and as the yardstick in benchmarks."""

    def __init__(self) -> None:
        from sandbox.worker import Program

        self._program = Program()

    def call(self, message: Mapping[str, Any], seconds: float) -> Any:
        answer = self._program.handle(message)
        if "error" in answer:
            raise CandidateError(**answer["error"])
        return answer["ok"]

    def waited(self) -> float:
        return 0.0

    def close(self) -> Report:
        return Report()


class InProcessSandbox:
    """A slot without isolation, for trusted programs only."""

    def open(self, limits: Limits) -> Session:
        return InProcessSession()

    def close(self) -> None:
        pass
