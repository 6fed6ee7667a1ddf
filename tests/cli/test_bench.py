"""evolve bench: equal budgets, resumable, and the same figures in the table, JSON and CSV."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from tests.cli.running import evolve, refused


def test_a_bench_compares_strategies_and_runs_nothing_twice(tiny: Path, tmp_path: Path) -> None:
    common = ("bench", str(tiny), "--candidates", "12", "--sandbox", "process", "--archive", "bench.db")
    both = (*common, "--strategies", "greedy,best_of_n", "--json", "--csv", "bench.csv")
    first = evolve(*both, "--seeds", "1", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    made = json.loads(first.stdout)
    assert [(run["strategy"], run["seed"], run["candidates"]) for run in made["runs"]] == [
        ("greedy", 0, 12),
        ("best_of_n", 0, 12),
    ]
    grown = json.loads(evolve(*both, "--seeds", "2", cwd=tmp_path).stdout)
    assert [run["run"] for run in grown["runs"][:2]] == [run["run"] for run in made["runs"]]
    assert len({run["run"] for run in grown["runs"]}) == 4
    greedy, control = grown["strategies"]
    assert (greedy["strategy"], greedy["p"], control["strategy"], control["seeds"]) == ("greedy", None, "best_of_n", 2)
    of_control = [run["test"] for run in grown["runs"] if run["strategy"] == "best_of_n"]
    assert abs(control["test"] - sum(of_control) / 2) < 1e-9
    assert abs(control["difference"] - (control["test"] - greedy["test"])) < 1e-9
    with (tmp_path / "bench.csv").open() as file:
        assert [float(row["test"]) for row in csv.DictReader(file)] == [run["test"] for run in grown["runs"]]
    shown = evolve(*common, "--strategies", "greedy,best_of_n", "--seeds", "2", cwd=tmp_path)
    assert f"{control['test']:.4g}" in shown.stdout


def test_an_unknown_strategy_is_refused(tiny: Path, tmp_path: Path) -> None:
    assert "best_of_n" in refused(evolve("bench", str(tiny), "--strategies", "nothing", cwd=tmp_path))
    assert not (tmp_path / "evolve.db").exists()
