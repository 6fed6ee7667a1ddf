"""An evaluator that fails on every program stops a run before anything is proposed; invalid programs are named."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import pytest
from rich.console import Console

from evolve.archive import Archive
from evolve.budget import Limits
from evolve.config import read_config
from evolve.display import PlainDisplay
from evolve.evaluation import EvaluationError
from evolve.scaffold import new_problem
from evolve.session import Ending, conduct, new_run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return new_problem("my_shop", tmp_path)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def search(folder: Path, archive: Archive) -> tuple[Ending, str]:
    shown = io.StringIO()
    display = PlainDisplay("a run", Limits(), Console(file=shown, width=400))
    config = read_config(str(folder), None, {"sandbox": "process", "candidates": 2, "polish": False})
    return asyncio.run(conduct(new_run(config, archive), archive, display)), shown.getvalue()


def test_an_evaluator_that_fails_on_every_program_stops_the_run(folder: Path) -> None:
    edit(folder / "simulator.py", "return 100 *", "return 1 / 0 *")
    archive = Archive.open(folder.parent / "runs.db")
    with pytest.raises(EvaluationError, match="evaluator fails on every program") as caught:
        search(folder, archive)
    assert "the initial program is invalid: evaluator, instance my_shop|train|" in str(caught.value)
    assert "ZeroDivisionError: division by zero (simulator.py:" in str(caught.value)
    [run] = archive.runs()
    assert [one.number for one in archive.candidates_of(run.id) if one.number > 0] == []


def test_programs_that_are_merely_invalid_are_named_at_the_start(folder: Path) -> None:
    edit(folder / "baselines" / "edd.py", "return due", "return due / 0")
    ending, shown = search(folder, Archive.open(folder.parent / "runs.db"))
    assert ending.run.status == "finished"
    assert shown.count("is invalid") == 1
    assert "      the baseline edd is invalid: exception, instance my_shop|train" in shown
