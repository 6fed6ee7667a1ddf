"""A command on a pseudo-terminal, as a user at a keyboard has it."""

from __future__ import annotations

import fcntl
import os
import re
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from types import TracebackType
from typing import Self

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
# The command's own session, with the terminal as its controlling one: so Ctrl-C is a signal to it.
LAUNCH = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"


class Terminal:
    """Runs `evolve ARGUMENTS`; `text` is what was shown so far, without colours and cursor movements."""

    def __init__(self, *arguments: str, cwd: Path, env: dict[str, str] | None = None) -> None:
        self._master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 45, 140, 0, 0))
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("OPENAI_", "EVOLVE_"))}
        clean |= {"TERM": "xterm", **(env or {})}
        for name in ("COLUMNS", "LINES", "NO_COLOR"):
            clean.pop(name, None)
        command = [sys.executable, "-c", LAUNCH, sys.executable, "-m", "evolve", *arguments]
        self.process = subprocess.Popen(
            command, cwd=cwd, env=clean, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
        )
        self.slave = slave  # kept open: the terminal's settings can be looked at
        self._bytes = b""

    @property
    def text(self) -> str:
        return ESCAPES.sub("", self._bytes.decode("utf-8", "replace"))

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def wait_for(self, pattern: str, seconds: float = 30) -> re.Match[str]:
        """Read until the text matches."""
        deadline = time.monotonic() + seconds
        while (found := re.search(pattern, self.text)) is None:
            assert time.monotonic() < deadline, f"{pattern!r} is not in:\n{self.text[-3000:]}"
            if not self._read(0.1):
                assert self.process.poll() is None, self.text[-3000:]
        return found

    def wait(self, seconds: float = 30) -> int:
        """Read until the command ends; returns its exit code."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < deadline, self.text[-3000:]
            self._read(0.1)
        while self._read(0.05):
            pass
        return self.process.returncode

    def _read(self, seconds: float) -> bool:
        if not select.select([self._master], [], [], seconds)[0]:
            return False
        self._bytes += os.read(self._master, 65536)
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._master)
        os.close(self.slave)
