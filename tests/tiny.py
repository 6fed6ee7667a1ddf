"""A small problem that is measured in milliseconds."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from evaluators.problem import shipped_problems

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


def make_tiny(folder: Path) -> Path:
    """Write a problem folder: tardiness with 20 instances of 12 jobs and three baselines."""
    source = shipped_problems() / "single_machine_tardiness"
    (folder / "baselines").mkdir(parents=True)
    for name in ("initial.py", "statement.md", "baselines/edd.py", "baselines/mdd.py", "baselines/mddc.py"):
        shutil.copy(source / name, folder / name)
    (folder / "problem.toml").write_text(TOML)
    return folder


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The problem's folder; not to be changed."""
    return make_tiny(tmp_path_factory.mktemp("problems") / "tiny")
