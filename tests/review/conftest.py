"""Runs that have ended, their pages served, and a browser to look at them with."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from evolve.archive import Archive
from evolve.records import Candidate, Run
from tests.cli.conftest import within as within
from tests.cli.running import evolve
from tests.conftest import miss
from tests.fakes.openai_server import FakeServer
from tests.fakes.replies import BROKEN_CODE, NOT_CODE
from tests.fakes.scripts import GOOD, Step
from tests.review.chromium import Chromium, Looking, path
from tests.review.serving import serving
from tests.tiny import tiny as tiny

MUTATED, WRITTEN = 12, 5  # candidates


@dataclass(frozen=True)
class Reviewed:
    """An archive with a run of the mutator and one of a model, both of the tiny problem; its pages are at `url`."""

    folder: Path
    archive: Archive
    mutated: Run
    written: Run
    url: str

    @property
    def champion(self) -> Candidate:
        assert self.mutated.champion is not None
        return self.archive.candidate(self.mutated.champion)


@pytest.fixture(scope="session")
def reviewed(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reviewed]:
    """Not to be changed."""
    folder = tmp_path_factory.mktemp("reviewed")
    shutil.copytree(tiny, folder / "tiny")
    search(folder, "--candidates", str(MUTATED), "--proposer", "mutator")

    def script(index: int, body: dict[str, Any]) -> Step | str:
        return {1: NOT_CODE, 2: NOT_CODE, 3: BROKEN_CODE}.get(index, GOOD)

    with FakeServer(script) as server:
        model = (
            "--model",
            "fake-small",
            "--base-url",
            server.url,
            "--parallel",
            "1",
            "--strategy",
            "islands",
            "--no-polish",
        )
        search(folder, "--candidates", str(WRITTEN), "--parallel", "1", *model)
    with Archive.open(folder / "evolve.db", create=False) as archive, serving(archive) as url:
        mutated, written = archive.runs()
        yield Reviewed(folder, archive, mutated, written, url)


def search(folder: Path, *options: str) -> None:
    """Let a search of the tiny problem run to its end."""
    done = evolve("run", "tiny", "--seed", "3", "--sandbox", "process", *options, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    """One browser for all tests."""
    if path() is None:
        miss("chromium", "there is no chromium on the path")
    browser = Chromium()
    yield browser
    browser.close()


@pytest.fixture
def looking(chromium: Chromium) -> Iterator[Looking]:
    """A window. A test that has one runs in the browser's thread."""
    yield from chromium.looking()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that looks at pages in the browser's thread."""
    looking = pyfuncitem.funcargs.get("looking")
    if not isinstance(looking, Looking):
        return None
    given = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    looking.browser.do(lambda: pyfuncitem.obj(**given))
    return True
