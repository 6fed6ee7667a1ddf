"""A run that has ended, and the command line in this process."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from evolve.cli import main
from tests.cli.running import evolve
from tests.fakes.fixtures import *  # noqa: F403
from tests.fakes.openai_server import FakeServer
from tests.fakes.replies import BROKEN_CODE, NOT_CODE
from tests.fakes.scripts import GOOD, Step
from tests.tiny import tiny as tiny

CANDIDATES = 10
CONFIG = """
problem = "tiny"
models = ["fake-small"]
base_url = "{url}"
strategy = "islands"
candidates = 500
parallel = 2
seed = 3
sandbox = "process"
tuning = 5
polish = false
"""

# What a terminal must not take for its own mark-up.
MARKED_UP = """```python
def priority(p, d, t):
    \"\"\"Weighs [red]work[/bold] against [/] due dates.\"\"\"
    return max(t + p, d) + 0.001 * p
```"""


@dataclass(frozen=True)
class Ended:
    """What a run left behind: the folder that it ran in (with tiny/ and evolve.db), its id, what it printed."""

    folder: Path
    run: str
    output: str


@pytest.fixture(scope="session")
def ended(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """A run with a configuration file and a model that answers badly at times; not to be changed."""
    folder = tmp_path_factory.mktemp("ended")
    shutil.copytree(tiny, folder / "tiny")

    repairs: list[int] = []

    def script(index: int, body: dict[str, Any]) -> Step | str:
        if len(body["messages"]) > 2:  # what it says the second time is no better, once
            repairs.append(index)
            return NOT_CODE if len(repairs) == 1 else GOOD
        return {0: MARKED_UP, 1: NOT_CODE, 3: BROKEN_CODE}.get(index, GOOD)

    with FakeServer(script) as server:
        (folder / "run.toml").write_text(CONFIG.format(url=server.url))
        done = evolve("run", "--config", "run.toml", "--candidates", str(CANDIDATES), cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return Ended(folder, done.stdout.split()[1].rstrip(":"), done.stdout)


Within = Callable[..., tuple[int, str, str]]


@pytest.fixture
def within(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Within:
    """within(folder, "show", …) -> exit code, stdout, stderr: `evolve …` in this process, in that folder. It starts in
    no time, which `evolve` in a process of its own does not: that is for what has to do with processes."""

    def run(folder: Path, *words: str | Path, env: Mapping[str, str] | None = None) -> tuple[int, str, str]:
        monkeypatch.chdir(folder)
        monkeypatch.setenv("COLUMNS", "160")
        monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
        monkeypatch.delenv("OPENAI_API_KEY", raising=False)
        for name, value in (env or {}).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["evolve", *map(str, words)])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def refused(within: Within) -> Callable[..., str]:
    """refused(folder, "run", …) -> the one line of the error."""

    def run(folder: Path, *words: str | Path, env: Mapping[str, str] | None = None) -> str:
        code, out, err = within(folder, *words, env=env)
        assert code == 2, out + err
        assert err.count("\n") == 1, err
        return err

    return run


@pytest.fixture
def read_json(ended: Ended, within: Within) -> Callable[..., Any]:
    """read_json("show", …): what `evolve … --json` says of the run that has ended; stdout is JSON and nothing else."""

    def read(*words: str) -> Any:
        code, out, err = within(ended.folder, *words, "--json")
        assert code == 0, out + err
        return json.loads(out)

    return read
