"""What the command line says of a champion that was polished, and what its card holds."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Within
from tests.cli.running import evolve


@pytest.fixture(scope="module")
def polished(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of a run that has ended, and what it printed."""
    folder = tmp_path_factory.mktemp("polished")
    shutil.copytree(tiny, folder / "tiny")
    done = evolve("run", "tiny", "--candidates", "16", "--sandbox", "process", cwd=folder, env={"COLUMNS": "100"})
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, done.stdout


def test_the_ending_and_show_say_what_the_champion_is_worth(polished: tuple[Path, str], within: Within) -> None:
    folder, printed = polished
    assert "growth of the gap without a term" in printed
    assert "Validation with other labels, 4 times" in printed
    assert "Worst tenth of the instances: validation" in printed
    [row] = json.loads(within(folder, "runs", "--json")[1])
    assert row["candidates"] == 16
    champion = json.loads(within(folder, "show", row["champion"], "--json")[1])
    assert champion["proposer"] == "built-in"
    assert champion["champion"]["ablation"]
    shown = within(folder, "show", row["champion"])[1]
    assert "growth of the gap without a term" in shown
    assert f"candidate {row['champion']} · refine by built-in · valid" in shown


def test_the_card_holds_it_and_verify_measures_it_again(polished: tuple[Path, str], within: Within) -> None:
    folder, _ = polished
    [row] = json.loads(within(folder, "runs", "--json")[1])
    assert within(folder, "publish", row["champion"], "--sandbox", "process")[0] == 0
    [card] = folder.glob("results/tiny/*.json")
    content = json.loads(card.read_text())
    assert content["provenance"]["lineage"][-1]["operator"] == "refine"
    assert len(content["champion"]["relabelled"]) == 4
    assert within(folder, "verify", "--sandbox", "process")[0] == 0
    content["champion"]["relabelled"][2] *= 0.9
    content["figures"]["test"]["worst"]["decile"] *= 0.9
    card.write_text(json.dumps(content))
    code, out, _ = within(folder, "verify", "--sandbox", "process")
    assert code == 1
    assert "validation with other labels: the mean gap is" in out
    assert "test: the worst case is" in out
