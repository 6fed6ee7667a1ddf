"""A way to conduct runs of a small problem."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evolve.archive import Archive
from evolve.config import read_config
from evolve.session import Ending, conduct, new_run
from tests.engine.listening import Silent
from tests.fakes.fixtures import *  # noqa: F403
from tests.tiny import tiny as tiny

Conducted = tuple[Ending, Archive]


@pytest.fixture
def searched(tiny: Path, tmp_path: Path) -> Callable[..., Conducted]:
    """Run a search of the tiny problem to its end: `searched(candidates=20, …)`; options as in the configuration.

    Evaluations stop early only where a test says so: which of the fake model's programs would be outraced depends on
    the order in which they end. A model's programs are tuned, but not for long.
    """

    def run(**options: Any) -> Conducted:
        archive = Archive.open(tmp_path / f"{len(list(tmp_path.iterdir()))}.db")
        quick: dict[str, Any] = {"sandbox": "process", "polish": False, "staged": False}
        if "models" in options:
            quick["tuning"] = 5
        config = read_config(str(tiny), None, quick | options)
        return asyncio.run(conduct(new_run(config, archive), archive, Silent())), archive

    return run
