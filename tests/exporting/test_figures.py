"""CSV and Parquet hold the figures of the archive, instance by instance."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pandas as pd
import pytest

from evaluators.problem import Problem
from evolve.exporting import ExportError, formats, guess
from tests.exporting.conftest import Export

RULE = "def priority(p, d, t):\n    return max(d, t + p)\n"


def test_both_hold_every_program_and_instance(subject: Export, small: Problem) -> None:
    one = subject(small, RULE, measure=True)
    text, content = formats()["csv"].write(one), formats()["parquet"].write(one)
    assert isinstance(text, str)
    assert isinstance(content, bytes)
    frames = [pd.read_csv(io.StringIO(text)), pd.read_parquet(io.BytesIO(content))]
    pd.testing.assert_frame_equal(*frames)
    frame = frames[0]
    assert list(frame.columns[:9]) == [
        "problem", "program", "candidate", "split", "instance", "group", "cost", "reference", "gap",
    ]  # fmt: skip
    assert any(name.startswith("metric_") for name in frame)
    assert set(frame["program"]) == {"r0-1", "edd"}
    assert len(frame) == 2 * sum(len(small.instances(split)) for split in small.splits)
    mine = frame[frame["candidate"] & (frame["split"] == "test")]
    assert mine["gap"].tolist() == [result.gap for result in one.results["test"]]
    assert mine["gap"].mean() == pytest.approx(one.card["figures"]["test"]["gap_mean"])


def test_without_pyarrow(subject: Export, small: Problem, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ExportError, match=r"needs pyarrow: pip install 'evolve\[parquet\]'"):
        formats()["parquet"].write(subject(small, RULE))


def test_formats_by_suffix() -> None:
    suffixes = {name: guess(Path(f"x{form.suffix}")) for name, form in formats().items()}
    assert suffixes == {name: name for name in ("csv", "latex", "markdown", "parquet", "python")}
    assert guess(None) == "python"
    with pytest.raises(ExportError, match="no format has this suffix"):
        guess(Path("rule"))
