"""Shared by all tests: the sandbox backends that there are, and one line about those that there are not."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import settings

from evaluators.problem import problem_names
from sandbox.image import build_image, image_status
from sandbox.pool import load_backend
from sandbox.session import SandboxError

settings.register_profile("tests", deadline=None)  # timings are not asserted in tests
settings.load_profile("tests")


@dataclass(frozen=True)
class Variant:
    """A backend, less some of what it would use here: so the weaker ways are tested on a machine that has better."""

    id: str
    backend: str
    without: tuple[str, ...] = ()
    mode: str | None = None


VARIANTS = [
    Variant("docker", "docker"),
    Variant("bubblewrap", "bubblewrap"),
    Variant("bubblewrap-namespaces", "bubblewrap", ("users",), "namespaces"),
    Variant("process", "process"),
    Variant("process-namespaces", "process", ("users",), "namespaces"),
    Variant("process-session", "process", ("users", "namespaces"), "session"),
]
_MARKS = {"docker": [pytest.mark.docker], "bubblewrap": [pytest.mark.bubblewrap], "process": []}


# What takes seconds to make and several tests look at: all of them run in one process, so that it is made once.
SHARED = {"chromium", "ended", "installed", "polished", "postgresql_server", "reviewed", "told"}
_TOGETHER = {"reviewed": "chromium"}
_PROBLEMS = frozenset(problem_names())


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests that share what is costly in one process: what a fixture makes, or the instances of a problem."""
    for item in items:
        if group := _group(item):
            item.add_marker(pytest.mark.xdist_group(group))


def _group(item: pytest.Item) -> str | None:
    module = getattr(item, "module", None)
    if hasattr(module, "measured"):
        return str(module.__name__)
    for name in sorted(SHARED.intersection(getattr(item, "fixturenames", ()))):
        return _TOGETHER.get(name, name)
    given = getattr(getattr(item, "callspec", None), "params", {}).values()
    problems = {value.split("/")[0] for value in given if isinstance(value, str)} & _PROBLEMS
    return f"test_{min(problems)}" if problems else None


@pytest.fixture(params=[pytest.param(name, marks=marks) for name, marks in _MARKS.items()], scope="session")
def backend(request: pytest.FixtureRequest) -> str:
    """The name of a backend that works here; skips the others, and fails them on a CI server."""
    require(request.param)
    return str(request.param)


@pytest.fixture(params=[pytest.param(v, marks=_MARKS[v.backend], id=v.id) for v in VARIANTS], scope="session")
def variant(request: pytest.FixtureRequest) -> Variant:
    """A backend with or without its stronger mechanisms."""
    require(request.param.backend)
    found: Variant = request.param
    return found


def require(name: str) -> None:
    """Skip (on a CI server: fail) unless a backend works."""
    if problem := _problem(name):
        miss(name, problem)


def miss(name: str, problem: str) -> NoReturn:
    """Skip a test for want of something, and say so once, at the end. On a CI server, fail."""
    if os.environ.get("CI"):
        pytest.fail(f"{name}: {problem}")
    pytest.skip(f"{name}: {problem}")


@cache
def _problem(name: str) -> str | None:
    if name == "docker":
        _build_image_once()
    return load_backend(name).available()


def _build_image_once() -> None:
    """Build the image if only that is missing; test processes that run side by side wait for each other."""
    with (Path(tempfile.gettempdir()) / f"evolve-image-{os.geteuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        problem = image_status().problem
        if problem and "missing" in problem:
            rootfs = os.geteuid() == 0 and bool(shutil.which("debootstrap"))
            with contextlib.suppress(SandboxError):  # the backend then says that the image is missing
                build_image(rootfs, lambda line: None)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One line for all that was left out, and why; also where tests run in processes of their own."""
    reasons = Counter(
        report.longrepr[2].removeprefix("Skipped: ")
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple)
    )
    if reasons:
        lines = [f"{count} tests ({reason})" for reason, count in sorted(reasons.items())]
        terminalreporter.write_line("left out here: " + "; ".join(lines))
