"""evolve bench: equal budgets, resumable, and the same figures in tables, JSON, CSV and the report."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from rich.console import Console

from evolve.archive import Archive
from evolve.cli.bench import _table
from tests.bench.metering import write_summary
from tests.cli.conftest import Within
from tests.fakes.openai_server import FakeServer
from tests.tiny import make_tiny

Bench = Callable[..., Any]
QUICK = ("--sandbox", "process", "--archive", "bench.db")


@pytest.fixture
def bench(within: Within) -> Bench:
    """bench(folder, problem, …): what `evolve bench … --json` prints."""

    def run(folder: Path, problem: Path, *words: str) -> Any:
        code, out, err = within(folder, "bench", problem, *QUICK, "--json", *words)
        assert code == 0, err
        return json.loads(out)

    return run


def test_a_bench_compares_strategies_and_runs_nothing_twice(
    tiny: Path, tmp_path: Path, bench: Bench, within: Within
) -> None:
    both = ("--strategies", "greedy,best_of_n", "--candidates", "12", "--target", "edd")
    made = bench(tmp_path, tiny, *both, "--seeds", "1")
    assert [(run["strategy"], run["seed"], run["candidates"]) for run in made["runs"]] == [
        ("greedy", 0, 12),
        ("best_of_n", 0, 12),
    ]
    grown = bench(tmp_path, tiny, *both, "--seeds", "2", "--csv", "csv", "--report", "docs/page.md")
    assert [run["run"] for run in grown["runs"][:2]] == [run["run"] for run in made["runs"]]
    assert len({run["run"] for run in grown["runs"]}) == 4
    greedy, control = grown["strategies"]
    assert (greedy["name"], greedy["p"], control["name"], control["runs"]) == ("greedy", None, "best_of_n", 2)
    of_control = [run["test"] for run in grown["runs"] if run["strategy"] == "best_of_n"]
    assert abs(control["test"] - sum(of_control) / 2) < 1e-9
    assert abs(control["difference"] - (control["test"] - greedy["test"])) < 1e-9
    assert [run["to_target_candidates"] for run in grown["runs"]] == [0, 0, 0, 0]  # EDD is where they start
    assert [run["target_name"] for run in grown["runs"]] == ["edd"] * 4

    runs, curves, instances = (
        pd.read_csv(tmp_path / "csv" / f"{name}.csv") for name in ("runs", "curves", "instances")
    )
    assert runs["test"].tolist() == pytest.approx([run["test"] for run in grown["runs"]])
    assert instances.groupby("run", sort=False)["gap"].mean().tolist() == pytest.approx(runs["test"].tolist())
    last = curves.groupby("run", sort=False).last()
    assert last["train"].tolist() == pytest.approx(runs["train"].tolist())
    assert last["candidates"].tolist() == [12] * 4

    page = (tmp_path / "docs" / "page.md").read_text()
    assert "--strategies greedy,best_of_n --candidates 12" in page
    assert f"| {control['test']:.4g} |" in page
    pictures = sorted(path.name for path in (tmp_path / "docs" / "page").iterdir())
    assert pictures == [
        f"{name}.{kind}"
        for name in ("anytime-tiny-candidates", "performance-profile", "target-profile-candidates")
        for kind in ("png", "svg")
    ]
    assert all(f"(page/{name})" in page for name in pictures if name.endswith(".svg"))
    assert f"{control['test']:.4g}" in within(tmp_path, "bench", tiny, *QUICK, *both, "--seeds", "2")[1]


def test_on_a_narrow_terminal_names_stay() -> None:
    headings = ["test", "95 %", "minus adaptive", "p", "Holm", "median evaluations to target"]
    rows = [
        {"": name, **dict.fromkeys(headings, "12345.6 .. 23456.7")} for name in ("best_of_n", "adaptive · no-racing")
    ]
    narrow = Console(width=60, record=True, file=StringIO())
    narrow.print(_table(rows, "a problem"))
    assert "best_of_n " in narrow.export_text(clear=False)
    assert "no-racing " in narrow.export_text()


def test_models_variants_and_other_engines(
    tiny: Path, tmp_path: Path, openai_server: Callable[..., FakeServer], bench: Bench, within: Within
) -> None:
    server = openai_server()
    write_summary(tmp_path / "meter.json", calls=3)
    (tmp_path / "good.py").write_text((tiny / "baselines" / "mddc.py").read_text())
    (tmp_path / "bad.py").write_text("def priority(p):\n    return 1 / 0\n")
    made = bench(
        tmp_path, tiny, "--strategies", "greedy", "--seeds", "1", "--candidates", "4", "--base-url", server.url,
        "--model", "fake-small", "--model", "fake-small,fake-large", "--model", "mutator",
        "--variant", "no-tuning:tuning=0",
        "--external", "peer:tiny:0:good.py:meter.json", "--external", "peer:tiny:1:bad.py:meter.json",
    )  # fmt: skip
    # Without tuning is what the mutator does anyway.
    assert [run["name"] for run in made["runs"]] == [
        "greedy · fake-small",
        "greedy · fake-small · no-tuning",
        "greedy · fake-small,fake-large",
        "greedy · fake-small,fake-large · no-tuning",
        "greedy · mutator",
        "peer",
        "peer",
    ]
    by_name = {run["name"]: run for run in made["runs"]}
    plain, untuned = by_name["greedy · fake-small"], by_name["greedy · fake-small · no-tuning"]
    assert plain["calls"] >= 4
    assert plain["tokens"] > 0
    assert plain["cost"] is None  # nobody knows its price
    assert untuned["evaluations"] <= 4
    assert plain["evaluations"] > untuned["evaluations"]
    assert by_name["greedy · mutator"]["calls"] == 0
    good, bad = made["runs"][-2:]
    words = ("--problem", tiny, "--split", "test", "--sandbox", "process", "--json")
    assert good["test"] == pytest.approx(json.loads(within(tmp_path, "evaluate", "good.py", *words)[1])["gap_mean"])
    assert (good["calls"], good["tokens"], good["candidates"], good["to_target_calls"]) == (3, 450, None, 3)
    assert bad["test"] is None
    peer = made["strategies"][-1]
    assert (peer["runs"], peer["failed"], peer["variant"]) == (2, 1, "external")
    with Archive.open(tmp_path / "bench.db") as archive:
        assert len(archive.runs()) == 5


def test_a_bench_that_was_killed_goes_on(tiny: Path, tmp_path: Path, within: Within) -> None:
    words = ("--strategies", "greedy,best_of_n", "--seeds", "1", "--evaluations", "40", "--candidates", "5000")
    command = [sys.executable, "-m", "evolve", "bench", str(tiny), *QUICK, *words]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    until = time.monotonic() + 60
    while not (before := told(tmp_path / "bench.db")):
        assert time.monotonic() < until
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    code, out, err = within(tmp_path, "bench", tiny, *QUICK, "--json", *words)
    assert code == 0, err
    made = json.loads(out)
    assert [run["strategy"] for run in made["runs"]] == ["greedy", "best_of_n"]
    assert made["runs"][0]["run"] == before
    assert int(re.findall(r"(\d+)/5000 candidates", err)[0]) > 5  # those of the session that was killed count in
    assert all(40 <= run["evaluations"] < 50 for run in made["runs"])
    with Archive.open(tmp_path / "bench.db") as archive:
        assert len(archive.runs()) == 2


def told(path: Path) -> str | None:
    """The run that is under way, once the strategy was told of some candidates."""
    if not path.exists():
        return None
    with Archive.open(path) as archive:
        for run in archive.runs():
            if archive.counts(run.id).get("valid", 0) > 5:
                return run.id
    return None


def test_a_cell_with_another_configuration_or_start_is_another_run(tmp_path: Path, bench: Bench) -> None:
    problem = make_tiny(tmp_path / "tiny")
    words = ("--strategies", "greedy", "--seeds", "1", "--candidates")
    [first] = bench(tmp_path, problem, *words, "3")["runs"]
    [larger] = bench(tmp_path, problem, *words, "4")["runs"]
    assert larger["run"] != first["run"]
    (problem / "initial.py").write_text((problem / "baselines" / "mdd.py").read_text())
    [other] = bench(tmp_path, problem, *words, "3")["runs"]
    assert other["run"] not in (first["run"], larger["run"])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "give each run a budget: --candidates"),
        (["--candidates", "3", "--strategies", "nothing"], "best_of_n"),
        (["--candidates", "3", "--strategies", ","], "names none"),
        (["--calls", "3"], "the mutator makes no calls"),
        (["--cost", "3", "--model", "my-own"], "price of my-own is not known"),
        (["--candidates", "3", "--variant", "tuning=0"], "expected NAME:key=value"),
        (["--candidates", "3", "--variant", "a:tunin=0"], "tunin cannot be changed"),
        (["--candidates", "3", "--variant", "a:seed=0"], "seed cannot be changed"),
        (["--candidates", "3", "--variant", "a:tuning=many"], "--variant a: tuning"),
        (["--candidates", "3", "--variant", "plain:tuning=3"], "choose another name"),
        (["--candidates", "3", "--variant", "a:tuning=0"], "changes nothing"),
        (["--candidates", "3", "--variant", "a:tuning=3", "--variant", "a:tuning=4"], "two of that name"),
        (
            ["--candidates", "3", "--target", "best"],
            "--target best: no number, and no baseline of tiny: edd, mdd, mddc",
        ),
        (["--candidates", "3", "--external", "peer:tiny:x.py"], "expected NAME:PROBLEM:SEED"),
        (["--candidates", "3", "--external", "peer:tiny:0:x.py:none.json"], "none.json: not the summary of a meter"),
        (["--candidates", "3", "--external", "peer:other:0:x.py:m.json"], "other is none of the problems: tiny"),
        (["--candidates", "3", "--external", "peer:tiny:0:x.py:m.json"], "x.py: No such file"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_runs(
    tiny: Path, tmp_path: Path, within: Callable[..., tuple[int, str, str]], words: list[str], says: str
) -> None:
    write_summary(tmp_path / "m.json")
    code, _, err = within(tmp_path, "bench", str(tiny), *words)
    assert code == 2
    assert says in err
    assert "Traceback" not in err
    assert not (tmp_path / "evolve.db").exists()
