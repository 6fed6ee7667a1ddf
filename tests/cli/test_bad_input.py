"""Bad input gets one clear line and exit code 2, and nothing is lost."""

from __future__ import annotations

import resource
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from evaluators.problem import problem_names, shipped_problems
from tests.cli.running import evolve, refused
from tests.fakes.fixtures import *  # noqa: F403
from tests.fakes.openai_server import FakeServer

QUICK = ("--sandbox", "process", "--candidates", "2")


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A problem folder of one's own."""
    return Path(shutil.copytree(shipped_problems() / "single_machine_tardiness", tmp_path / "mine"))


def test_unknown_problem(tmp_path: Path) -> None:
    line = refused(evolve("run", "no_such_problem", cwd=tmp_path))
    assert "no_such_problem" in line
    assert all(name in line for name in problem_names())
    assert not (tmp_path / "evolve.db").exists()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("title = ", "problem.toml: not valid TOML"),
        ("title = 'x'", "problem.toml: family: field required"),
        ("surprise = 1", "problem.toml:"),
    ],
)
def test_broken_problem_toml(copied: Path, text: str, says: str) -> None:
    (copied / "problem.toml").write_text(text)
    assert says in refused(evolve("run", copied, cwd=copied.parent))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("SingleMachineTardiness", "Missing"), "has no evaluator class Missing"),
        (("evaluators.machines.tardiness", "no.such.module"), "importing no.such.module failed"),
        (("n = [50]", "size = [50]"), "[splits.train]"),
        (('paper_rule = "mddc"', 'paper_rule = "nothing"'), "baselines/nothing.py"),
        (("[splits.test]", "[splits.tset]"), "splits"),
        (("call_seconds", "seconds_a_call"), "[limits]"),
    ],
)
def test_problem_toml_that_asks_for_what_there_is_not(copied: Path, change: tuple[str, str], says: str) -> None:
    path = copied / "problem.toml"
    assert change[0] in path.read_text()
    path.write_text(path.read_text().replace(*change))
    line = refused(evolve("run", copied, *QUICK, cwd=copied.parent))
    assert says in line
    assert "problem.toml" in line


def test_statement_without_its_signature(copied: Path) -> None:
    (copied / "statement.md").write_text("Schedule the jobs well.\n")
    line = refused(evolve("run", copied, cwd=copied.parent))
    assert "statement.md" in line
    assert "def priority(" in line


def test_missing_files(copied: Path) -> None:
    (copied / "initial.py").unlink()
    assert "initial.py is missing" in refused(evolve("run", copied, cwd=copied.parent))


def test_unreachable_endpoint(tmp_path: Path) -> None:
    line = refused(
        evolve(
            "run",
            "single_machine_tardiness",
            "--model",
            "m",
            "--base-url",
            "http://127.0.0.1:9/v1",
            *QUICK,
            cwd=tmp_path,
        )
    )
    assert "cannot reach http://127.0.0.1:9/v1" in line


def test_wrong_key(openai_server: Callable[..., FakeServer], tmp_path: Path) -> None:
    server = openai_server(key="right")
    line = refused(
        evolve(
            "run",
            "single_machine_tardiness",
            "--model",
            "fake-small",
            "--base-url",
            server.url,
            *QUICK,
            cwd=tmp_path,
            env={"OPENAI_API_KEY": "wrong-secret"},
        )
    )
    assert "OPENAI_API_KEY" in line
    assert "wrong-secret" not in line
    assert b"wrong-secret" not in (tmp_path / "evolve.db").read_bytes()


def test_no_key(tmp_path: Path) -> None:
    line = refused(evolve("run", "single_machine_tardiness", "--model", "gpt-4o", *QUICK, cwd=tmp_path))
    assert "OPENAI_API_KEY" in line
    assert "--proposer mutator" in line


def test_no_docker(tmp_path: Path) -> None:
    done = evolve(
        "run",
        "single_machine_tardiness",
        "--sandbox",
        "docker",
        cwd=tmp_path,
        env={"DOCKER_HOST": f"unix://{tmp_path}/nothing.sock"},
    )
    assert "docker" in refused(done).lower()


def test_full_disk_stops_the_run_and_loses_nothing(tmp_path: Path) -> None:
    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))

    arguments = ("run", "single_machine_tardiness", "--sandbox", "process", "--candidates", "2000")
    line = refused(evolve(*arguments, cwd=tmp_path, preexec_fn=small_files))
    assert "disk" in line
    database = sqlite3.connect(tmp_path / "evolve.db")
    assert database.execute("pragma integrity_check").fetchone() == ("ok",)
    run, before = database.execute(
        "select run, count(*) from candidates where told is not null group by run"
    ).fetchone()
    database.close()
    assert before > 0
    done = evolve("resume", run, "--candidates", str(before + 5), cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_an_archive_of_a_newer_version(tmp_path: Path) -> None:
    assert evolve("run", "single_machine_tardiness", *QUICK, cwd=tmp_path).returncode == 0
    database = sqlite3.connect(tmp_path / "evolve.db")
    database.execute("update evolve_schema set version_num = '9999'")
    database.commit()
    database.close()
    before = (tmp_path / "evolve.db").read_bytes()
    line = refused(evolve("runs", cwd=tmp_path))
    assert "newer" in line
    assert (tmp_path / "evolve.db").read_bytes() == before


def test_an_archive_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "evolve.db").write_text("my shopping list, which is longer than a header: milk, bread, 20 eggs" * 20)
    assert "not an SQLite database" in refused(evolve("runs", cwd=tmp_path))
    assert "there is no archive" in refused(evolve("runs", "--archive", "other.db", cwd=tmp_path))


def test_a_candidate_file_with_a_syntax_error(tmp_path: Path) -> None:
    (tmp_path / "rule.py").write_text("def priority(p, d):\n    return (p\n")
    line = refused(evolve("evaluate", "rule.py", "--problem", "single_machine_tardiness", cwd=tmp_path))
    assert "rule.py: line 2" in line


def test_files_and_splits_that_there_are_not(tmp_path: Path) -> None:
    (tmp_path / "rule.py").write_text("def priority(p):\n    return p\n")
    problem = ("--problem", "single_machine_tardiness")
    assert "none.py" in refused(evolve("evaluate", "none.py", *problem, cwd=tmp_path))
    assert "has no split 'tset'" in refused(evolve("evaluate", "rule.py", *problem, "--split", "tset", cwd=tmp_path))
    assert "no baseline" in refused(evolve("compare", "nothing", *problem, cwd=tmp_path))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--strategy", "magic"], "islands"),
        (["--proposer", "magic"], "mutator"),
        (["--proposer", "openai"], "--model is missing"),
        (["--candidates", "0"], "candidates"),
        (["--cost", "-1"], "cost"),
        (["--sandbox", "magic"], "sandbox"),
        (["--isolation", "magic"], "isolation"),
        (["--model", "x", "--proposer", "mutator"], "--model"),
        (["--config", "none.toml"], "none.toml"),
    ],
)
def test_options_that_do_not_fit(tmp_path: Path, arguments: list[str], says: str) -> None:
    assert says in refused(evolve("run", "single_machine_tardiness", *arguments, cwd=tmp_path))


def test_a_configuration_file_with_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text("candidtes = 5\n")
    line = refused(evolve("run", "single_machine_tardiness", "--config", "run.toml", cwd=tmp_path))
    assert "candidtes" in line
    assert "run.toml" in line
