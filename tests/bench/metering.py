"""A meter as a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from evolve.bench.ledger import Ledger, Used
from evolve.budget import Limits


class Metered:
    """`evolve meter` before an endpoint, until the block ends."""

    def __init__(self, upstream: str, out: Path, *options: str) -> None:
        self.out = out
        command = [sys.executable, "-m", "evolve", "meter", "--upstream", upstream, "--out", str(out), *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        self.process.communicate(timeout=20)

    @property
    def summary(self) -> dict[str, Any]:
        return dict(json.loads(self.out.read_text()))


def write_summary(out: Path, calls: int = 3) -> Path:
    """A meter's summary of so many calls of 150 tokens."""
    ledger = Ledger(out, "http://host/v1", Limits())
    for _ in range(calls):
        ledger.answered(ledger.asked("chat/completions", "fake-small"), Used(100, 50), 0.5)
    ledger.close()
    return out
