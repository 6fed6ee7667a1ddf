"""docs/notebook.ipynb: executed as it is committed, not too large, and its code runs on a small problem."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.tiny import tiny as tiny

NOTEBOOK = Path(__file__).parents[2] / "docs" / "notebook.ipynb"


@pytest.fixture(scope="module")
def cells() -> list[Any]:
    notebook = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    nbformat.validate(notebook)
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_it_is_committed_with_what_it_showed(cells: list[Any]) -> None:
    outputs = [output for cell in cells for output in cell.outputs]
    assert all(cell.execution_count == number for number, cell in enumerate(cells, start=1)), "run: make notebook"
    assert not [output for output in outputs if output.output_type == "error"]
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= 3
    assert NOTEBOOK.stat().st_size < 1_000_000
    assert "/root/" not in NOTEBOOK.read_text()
    assert "/home/" not in NOTEBOOK.read_text()


def test_its_code_runs(cells: list[Any], tiny: Path, tmp_path: Path) -> None:
    program = tmp_path / "notebook.py"
    program.write_text("\n\n".join(cell.source for cell in cells))
    settings = {"NOTEBOOK_PROBLEM": str(tiny), "NOTEBOOK_CANDIDATES": "12", "MPLBACKEND": "agg"}
    done = subprocess.run(
        [sys.executable, program], cwd=tmp_path, env={**os.environ, **settings}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "the champion beside all" in done.stdout
