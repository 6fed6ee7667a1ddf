"""A small problem that is measured in milliseconds, and a way to conduct runs of it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evaluators.problem import shipped_problems
from evolve.archive import Archive
from evolve.config import read_config
from evolve.session import Ending, conduct, new_run
from tests.engine.listening import Silent
from tests.fakes.fixtures import *  # noqa: F403

TOML = """
title = "Tardiness, small"
family = "test"
interface = "priority"
accepts = ["priority", "solve"]
evaluator = "evaluators.machines.tardiness:SingleMachineTardiness"
paper_rule = "mddc"
splits.train = { n = [12], per_class = [1] }
splits.validation = { n = [14], per_class = [1] }
splits.test = { n = [15], per_class = [1] }
reference = { kind = "optimal", source = "Lawler" }
"""


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A problem folder: tardiness with 20 instances of 12 jobs and three baselines."""
    folder = tmp_path_factory.mktemp("problems") / "tiny"
    source = shipped_problems() / "single_machine_tardiness"
    (folder / "baselines").mkdir(parents=True)
    for name in ("initial.py", "statement.md", "baselines/edd.py", "baselines/mdd.py", "baselines/mddc.py"):
        shutil.copy(source / name, folder / name)
    (folder / "problem.toml").write_text(TOML)
    return folder


Conducted = tuple[Ending, Archive]


@pytest.fixture
def searched(tiny: Path, tmp_path: Path) -> Callable[..., Conducted]:
    """Run a search of the tiny problem to its end: `searched(candidates=20, …)`; options as in the configuration."""

    def run(**options: Any) -> Conducted:
        archive = Archive.open(tmp_path / f"{len(list(tmp_path.iterdir()))}.db")
        config = read_config(str(tiny), None, {"sandbox": "process", **options})
        return asyncio.run(conduct(new_run(config, archive), archive, Silent())), archive

    return run
