"""Run the command line as a user does: a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def evolve(
    *arguments: str | Path, cwd: Path, env: dict[str, str] | None = None, **more: object
) -> subprocess.CompletedProcess[str]:
    """Run `evolve ARGUMENTS` in a folder; nothing of the user's own configuration gets in."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("OPENAI_API", "OPENAI_BASE", "EVOLVE_"))}
    return subprocess.run(
        [sys.executable, "-m", "evolve", *map(str, arguments)],
        cwd=cwd,
        env={**clean, "COLUMNS": "120", **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        **more,  # type: ignore[call-overload]
    )


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """The one line of an error: exit code 2, no traceback, nothing else on stderr."""
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, done.stderr
    return lines[0]
