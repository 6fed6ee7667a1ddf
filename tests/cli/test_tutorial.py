"""Every block of docs/tutorial.md is written or run, as a reader would."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial.md"
BLOCK = re.compile(r"^(```+)(\w+) ?(\S*)\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
BLOCKS = [(language, file, body) for _, language, file, body in BLOCK.findall(TUTORIAL.read_text(encoding="utf-8"))]


def test_it_asks_for_less_than_60_lines_of_python() -> None:
    code = [line for language, _, body in BLOCKS if language == "python" for line in body.splitlines() if line.strip()]
    assert 30 < len(code) < 60


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for _, name, body in BLOCKS:
        if name:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(body, encoding="utf-8")
    return tmp_path


def test_every_command_works(folder: Path) -> None:
    commands = [line for language, _, body in BLOCKS if language == "bash" for line in body.splitlines()]
    assert [command.split()[:2] for command in commands] == [["evolve", "problems"], ["evolve", "run"]]
    for command in commands:
        words = [sys.executable, "-m", *command.split(), "--sandbox", "process"]
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
    assert "sjf" in done.stdout
    assert "Champion: " in done.stdout
    words = [sys.executable, "-m", "evolve", "runs", "--json"]
    [run] = json.loads(subprocess.run(words, cwd=folder, capture_output=True, text=True, check=True).stdout)
    assert run["status"] == "finished"
    assert run["validation"] < 135  # first come, first served: the program that it started from
