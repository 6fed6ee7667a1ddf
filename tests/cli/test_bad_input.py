"""Bad input gets one clear line and exit code 2, and nothing is lost."""

from __future__ import annotations

import resource
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from evaluators.problem import problem_names, shipped_problems
from evolve.archive import Archive
from evolve.config import read_config
from evolve.session import new_run
from tests.archive import samples
from tests.cli.conftest import Within
from tests.cli.running import evolve
from tests.cli.running import refused as one_line
from tests.fakes.fixtures import *  # noqa: F403
from tests.fakes.openai_server import FakeServer
from tests.fakes.scripts import Step

Refused = Callable[..., str]
QUICK = ("--sandbox", "process", "--candidates", "2")


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A problem folder of one's own."""
    return Path(shutil.copytree(shipped_problems() / "single_machine_tardiness", tmp_path / "mine"))


def test_unknown_problem(tmp_path: Path) -> None:
    line = one_line(evolve("run", "no_such_problem", cwd=tmp_path))
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
def test_broken_problem_toml(refused: Refused, copied: Path, text: str, says: str) -> None:
    (copied / "problem.toml").write_text(text)
    assert says in refused(copied.parent, "run", copied)


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
def test_problem_toml_that_asks_for_what_there_is_not(
    refused: Refused, copied: Path, change: tuple[str, str], says: str
) -> None:
    path = copied / "problem.toml"
    assert change[0] in path.read_text()
    path.write_text(path.read_text().replace(*change))
    line = refused(copied.parent, "run", copied, *QUICK)
    assert says in line
    assert "problem.toml" in line


def test_statement_without_its_signature(refused: Refused, copied: Path) -> None:
    (copied / "statement.md").write_text("Schedule the jobs well.\n")
    line = refused(copied.parent, "run", copied)
    assert "statement.md" in line
    assert "def priority(" in line


def test_missing_files(refused: Refused, copied: Path) -> None:
    (copied / "initial.py").unlink()
    assert "initial.py is missing" in refused(copied.parent, "run", copied)


def test_unreachable_endpoint(refused: Refused, tiny: Path, tmp_path: Path) -> None:
    words = ("--model", "m", "--base-url", "http://127.0.0.1:9/v1", *QUICK)
    assert "cannot reach http://127.0.0.1:9/v1" in refused(tmp_path, "run", tiny, *words)


def test_an_endpoint_that_is_gone_is_told_before_a_run_or_a_bench_goes_on(
    refused: Refused, within: Within, openai_server: Callable[..., FakeServer], tiny: Path, tmp_path: Path
) -> None:
    server = openai_server()
    words = ("--model", "fake-small", "--base-url", server.url, *QUICK)
    code, out, err = within(tmp_path, "run", tiny, "--no-polish", *words)
    assert code == 0, out + err
    with Archive.open(tmp_path / "evolve.db") as archive:
        [run] = archive.runs()
        held = len(archive.candidates_of(run.id))
    server.stop()
    assert f"cannot reach {server.url}" in refused(tmp_path, "resume", run.id, "--candidates", "4")
    assert f"cannot reach {server.url}" in refused(tmp_path, "bench", tiny, "--seeds", "1", *words)
    with Archive.open(tmp_path / "evolve.db") as archive:
        [same] = archive.runs()
        assert (same.status, same.config["candidates"]) == ("finished", 2)
        assert len(archive.candidates_of(run.id)) == held


def test_a_run_that_has_ended_nothing_is_not_replayed(refused: Refused, tiny: Path, tmp_path: Path) -> None:
    with Archive.open(tmp_path / "evolve.db") as archive:
        run = new_run(read_config(str(tiny), None, {}), archive)
    assert f"run {run.id} has ended no candidate yet" in refused(tmp_path, "replay", run.id)


def test_wrong_key(refused: Refused, openai_server: Callable[..., FakeServer], tiny: Path, tmp_path: Path) -> None:
    server = openai_server(key="right")
    words = ("--model", "fake-small", "--base-url", server.url, *QUICK)
    line = refused(tmp_path, "run", tiny, *words, env={"OPENAI_API_KEY": "wrong-secret"})
    assert "OPENAI_API_KEY" in line
    assert "wrong-secret" not in line
    assert not (tmp_path / "evolve.db").exists()


def test_misspelt_model(refused: Refused, openai_server: Callable[..., FakeServer], tiny: Path, tmp_path: Path) -> None:
    server = openai_server()
    line = refused(tmp_path, "run", tiny, "--model", "fake-smal", "--base-url", server.url, *QUICK)
    assert "has no model 'fake-smal'; it offers fake-large, fake-small" in line
    assert not (tmp_path / "evolve.db").exists()
    assert server.paid == {}


def test_a_model_that_goes_away_stops_the_run_by_name(
    refused: Refused, within: Within, openai_server: Callable[..., FakeServer], tiny: Path, tmp_path: Path
) -> None:
    """On an endpoint that lists nothing, too."""
    server = openai_server(lambda index, body: Step("status", status=404) if body["messages"] else Step(), listed=())
    words = ("--model", "fake-small", "--base-url", server.url, *QUICK)
    line = refused(tmp_path, "run", tiny, *words)
    with Archive.open(tmp_path / "evolve.db") as archive:
        [run] = archive.runs()
    assert run.status == "stopped"
    assert f"run {run.id} has stopped, go on later with: evolve resume {run.id}" in line
    server.script = ()
    assert within(tmp_path, "resume", run.id)[0] == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--model", "m", "--base-url", "127.0.0.1:8197/v1"), "--base-url 127.0.0.1:8197/v1: not a URL"),
        (("--model", "gpt-4o-mini"), "set OPENAI_API_KEY"),
    ],
)
def test_a_start_that_fails_leaves_nothing_behind(
    refused: Refused, tiny: Path, tmp_path: Path, words: tuple[str, ...], says: str
) -> None:
    assert says in refused(tmp_path, "run", tiny, *QUICK, *words)
    assert not (tmp_path / "evolve.db").exists()


def test_no_key(refused: Refused, tmp_path: Path) -> None:
    line = refused(tmp_path, "run", "single_machine_tardiness", "--model", "gpt-4o", *QUICK)
    assert "OPENAI_API_KEY" in line
    assert "--proposer mutator" in line


def test_no_docker(tmp_path: Path) -> None:
    # in a process of its own: one that has used Docker keeps its connection to it
    done = evolve(
        "run",
        "single_machine_tardiness",
        "--sandbox",
        "docker",
        cwd=tmp_path,
        env={"DOCKER_HOST": f"unix://{tmp_path}/nothing.sock"},
    )
    assert "docker" in one_line(done).lower()
    assert not (tmp_path / "evolve.db").exists()


def test_full_disk_stops_the_run_and_loses_nothing(tiny: Path, tmp_path: Path, within: Within) -> None:
    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    arguments = ("run", tiny, "--sandbox", "process", "--candidates", "2000", "--no-polish")
    line = one_line(evolve(*arguments, cwd=tmp_path, preexec_fn=small_files))
    assert "disk" in line
    database = sqlite3.connect(tmp_path / "evolve.db")
    assert database.execute("pragma integrity_check").fetchone() == ("ok",)
    run, before = database.execute(
        "select run, count(*) from candidates where told is not null group by run"
    ).fetchone()
    database.close()
    assert before > 0
    assert within(tmp_path, "resume", run, "--candidates", str(before + 5))[0] == 0


def test_an_archive_of_a_newer_version(refused: Refused, tmp_path: Path) -> None:
    with Archive.open(tmp_path / "evolve.db") as archive:
        archive.create_run(samples.run())
    database = sqlite3.connect(tmp_path / "evolve.db")
    database.execute("update evolve_schema set version_num = '9999'")
    database.commit()
    database.close()
    before = (tmp_path / "evolve.db").read_bytes()
    line = refused(tmp_path, "runs")
    assert "newer" in line
    assert (tmp_path / "evolve.db").read_bytes() == before


def test_an_archive_that_is_none(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "evolve.db").write_text("my shopping list, which is longer than a header: milk, bread, 20 eggs" * 20)
    assert "not an SQLite database" in refused(tmp_path, "runs")
    assert "there is no archive" in refused(tmp_path, "runs", "--archive", "other.db")


def test_a_candidate_file_with_a_syntax_error(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "rule.py").write_text("def priority(p, d):\n    return (p\n")
    line = refused(tmp_path, "evaluate", "rule.py", "--problem", "single_machine_tardiness")
    assert "rule.py: line 2" in line


def test_files_and_splits_that_there_are_not(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "rule.py").write_text("def priority(p):\n    return p\n")
    problem = ("--problem", "single_machine_tardiness")
    assert "none.py" in refused(tmp_path, "evaluate", "none.py", *problem)
    assert "has no split 'tset'" in refused(tmp_path, "evaluate", "rule.py", *problem, "--split", "tset")
    assert "no baseline" in refused(tmp_path, "compare", "nothing", *problem)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--strategy", "magic"], "islands"),
        (["--proposer", "magic"], "mutator"),
        (["--proposer", "openai"], "--model is missing"),
        (["--candidates", "0"], "candidates"),
        (["--cost", "-1"], "cost"),
        (["--sandbox", "magic"], "--sandbox magic: there are: auto, docker, bubblewrap, process"),
        (["--isolation", "magic"], "isolation"),
        (["--model", "x", "--proposer", "mutator"], "--model"),
        (["--config", "none.toml"], "none.toml"),
    ],
)
def test_options_that_do_not_fit(refused: Refused, tmp_path: Path, arguments: list[str], says: str) -> None:
    assert says in refused(tmp_path, "run", "single_machine_tardiness", *arguments)


def test_a_configuration_file_with_a_mistake(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text("candidtes = 5\n")
    line = refused(tmp_path, "run", "single_machine_tardiness", "--config", "run.toml")
    assert "candidtes" in line
    assert "run.toml" in line


@pytest.mark.parametrize(
    ("text", "arguments", "says"),
    [
        ("model = 5", (), "model (in run.toml): input should be a name, or a list of names, got 5"),
        ('model = ["a", 3]', (), "model (in run.toml)"),
        ("archive = 5", (), "archive (in run.toml): input should be a path or a URL, got 5"),
        ('candidates = "many"', (), "candidates (in run.toml): input should be a valid integer"),
        ("candidates = 5", ("--candidates", "0"), "candidates: input should be greater than or equal to 1"),
        ("", ("--base-url", "http://127.0.0.1:9/v1"), "--model is missing"),
        ("", ("--base-url", "http://127.0.0.1:9/v1", "--proposer", "mutator"), "--base-url goes with --model"),
    ],
)
def test_a_configuration_that_makes_no_sense(
    refused: Refused, tiny: Path, tmp_path: Path, text: str, arguments: tuple[str, ...], says: str
) -> None:
    (tmp_path / "run.toml").write_text(text + "\n")
    assert says in refused(tmp_path, "run", tiny, "--config", "run.toml", *arguments)
    assert not (tmp_path / "evolve.db").exists()


def test_a_run_of_nothing(refused: Refused, tmp_path: Path) -> None:
    assert "evolve problems list" in refused(tmp_path, "run")


def test_the_endpoint_of_the_command_line_beats_that_of_the_environment(
    refused: Refused, tiny: Path, tmp_path: Path
) -> None:
    (tmp_path / "run.toml").write_text('model = ["small", "large"]\n')
    words = ("run", tiny, "--config", "run.toml", *QUICK)
    elsewhere = {"OPENAI_BASE_URL": "http://127.0.0.1:7/v1"}
    assert "http://127.0.0.1:7/v1" in refused(tmp_path, *words, env=elsewhere)
    assert "http://127.0.0.1:9/v1" in refused(tmp_path, *words, "--base-url", "http://127.0.0.1:9/v1", env=elsewhere)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("review", "--port", "99999"), "error: Invalid value for '--port'"),
        (("rnu",), "Did you mean 'run'? (see: evolve --help)"),
        (("bench",), "Missing argument 'problems' (see: evolve bench --help)"),
        (("problems", "list", "--colour"), "No such option: --colour"),
        (("prompt", "job_shop", "--prompts", "nowhere"), "--prompts nowhere: no such folder"),
    ],
)
def test_a_command_line_that_makes_no_sense(
    refused: Refused, tmp_path: Path, words: tuple[str, ...], says: str
) -> None:
    assert says in refused(tmp_path, *words)


def test_what_a_program_prints_cannot_control_a_terminal(tiny: Path, tmp_path: Path, within: Within) -> None:
    program = tmp_path / "loud.py"
    program.write_text('def priority(p, d):\n    raise ValueError("\\x1b[31mred\\x1b]0;title\\x07 \\u202eback")\n')
    for words in (("evaluate",), ("compare",)):
        code, out, _ = within(tmp_path, *words, program, "--problem", tiny, "--sandbox", "process")
        assert code == 1
        assert "red" in out
        assert not any(mark in out for mark in "\x1b\x07\u202e")
        assert "\u27e8U+202E\u27e9back" in out
