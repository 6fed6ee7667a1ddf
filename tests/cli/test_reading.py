"""What a run printed, and every verb that reads it back, as text and as JSON."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
import typer

from evaluators.problem import load_problem
from evolve.archive import Archive
from evolve.cli import app
from tests.archive import samples
from tests.cli.conftest import CANDIDATES, Ended, Within
from tests.cli.running import evolve
from tests.fakes.openai_server import FakeServer
from tests.tiny import TOML, make_tiny

Read = Callable[..., Any]
Serve = Callable[..., FakeServer]

# --- without a terminal ---------------------------------------------------------------------------------------------


def test_a_log_has_plain_lines(ended: Ended) -> None:
    out = ended.output
    assert "\x1b" not in out
    assert "\r" not in out
    lines = out.splitlines()
    assert lines[0] == f"run {ended.run}: tiny, fake-small, islands"
    assert re.fullmatch(r"\d:\d\d  sandbox process, warm.*", lines[1])
    assert "      best baseline on validation: mddc 12.98" in lines
    improved = [line for line in lines if "best so far" in line]
    assert re.fullmatch(
        r" +candidate \d+ \(\w+\): best so far, train [\d.]+(e\+\d+)?, validation [\d.]+(e\+\d+)?", improved[0]
    )
    progress = [line for line in lines if f"/{CANDIDATES} candidates" in line]
    assert re.search(
        r"\d+ calls · [\d,]+ tokens · \$0\.0000 \(some calls unpriced\); .*valid.*; \d:\d\d used", progress[-1]
    )
    assert f"Budget used up: {CANDIDATES} candidates." in lines
    table = out[out.index("the champion beside all baselines") :]
    for name in ("champion", "initial", "edd", "mdd", "mddc"):
        assert re.search(rf"^{name} ", table, re.MULTILINE), table
    assert "def priority(" in out
    assert re.search(rf"Champion: {ended.run}-\d+\. Next: evolve show ", out)


def test_a_file_of_options_and_options_over_it(ended: Ended, read_json: Read) -> None:
    config = read_json("show", ended.run)["config"]
    assert (config["seed"], config["parallel"], config["candidates"]) == (3, 2, CANDIDATES)
    assert config["models"] == ["fake-small"]


# --- reading --------------------------------------------------------------------------------------------------------


def test_every_reading_verb_takes_json() -> None:
    writing = {"run", "resume", "export", "publish", "meter", "problems new", "sandbox build", "report", "review"}
    commands: dict[str, click.Command] = {}

    def walk(command: click.Command, name: str) -> None:
        if hasattr(command, "commands"):
            for word, inner in command.commands.items():
                walk(inner, f"{name} {word}".strip())
        else:
            commands[name] = command

    walk(typer.main.get_command(app), "")
    assert writing < set(commands)
    for name in sorted(set(commands) - writing):
        options = [option for parameter in commands[name].params for option in parameter.opts]
        assert "--json" in options, name


def test_runs(ended: Ended, read_json: Read, within: Within) -> None:
    [row] = read_json("runs")
    assert {"run", "problem", "status", "candidates", "valid", "champion", "validation"} <= set(row)
    assert (row["run"], row["problem"], row["status"], row["candidates"]) == (ended.run, "tiny", "finished", CANDIDATES)
    assert row["champion"] in ended.output
    [line] = [line for line in within(ended.folder, "runs")[1].splitlines() if line.startswith(ended.run)]
    assert line.split()[-1] == f"{row['validation']:.4g}"


def test_show_run(ended: Ended, read_json: Read, within: Within) -> None:
    shown = read_json("show", ended.run)
    assert shown == read_json("show", ended.run[:3])
    assert shown["candidates"] == CANDIDATES == sum(shown["ended"].values())
    assert shown["usage"]["calls"] >= CANDIDATES
    assert shown["usage"]["input_tokens"] > 0
    assert shown["champion"].startswith(ended.run)
    trains = [row["gaps"]["train"] for row in shown["best"]]
    assert trains == sorted(trains)
    out = within(ended.folder, "show", ended.run)[1]
    assert f"{CANDIDATES} candidates: " in out
    assert f"{shown['champion']} *" in out
    assert "[red]work[/bold]" in " ".join(out.split())


def test_show_run_says_how_it_went(ended: Ended, read_json: Read, within: Within) -> None:
    shown, out = read_json("show", ended.run), within(ended.folder, "show", ended.run)[1]
    first, last = shown["anytime"][0], shown["anytime"][-1]
    for split in ("train", "validation"):
        [line] = [line for line in out.splitlines() if line.startswith(f"{split} ") and "->" in line]
        assert re.search(r"[▁▂▃▄▅▆▇█]{50}", line)
        assert line.endswith(f"{first[split]:.4g} -> {last[split]:.4g}")
    assert last["train"] == min(row["gaps"]["train"] for row in shown["best"])
    for kind in ("operators", "models"):
        assert sum(row["candidates"] for row in shown[kind]) == CANDIDATES
        assert sum(row["gain"] for row in shown[kind]) == pytest.approx(first["train"] - last["train"])
        assert sum(row["calls"] for row in shown[kind]) == shown["usage"]["calls"]
        for row in shown[kind]:
            [line] = [line for line in out.splitlines() if line.split()[:2] == [row["name"], str(row["candidates"])]]
            assert f"{row['gain']:.4g}" in line
    used = {row["name"]: row for row in shown["spent"]}
    assert (used["candidates"]["used"], used["candidates"]["limit"]) == (CANDIDATES, CANDIDATES)
    assert f"used: {CANDIDATES} of {CANDIDATES} candidates" in out
    for status, count in shown["ended"].items():
        counts = re.findall(rf"^{status}(?:: \w+)? +(\d+) +\d+%", out, re.MULTILINE)
        assert sum(map(int, counts)) == count


def test_show_candidate_against_the_baselines(ended: Ended, read_json: Read, within: Within) -> None:
    champion = read_json("show", ended.run)["champion"]
    out = within(ended.folder, "show", champion)[1]
    words = ("--problem", "tiny", "--sandbox", "process", "--split", "test")
    rows = read_json("compare", champion, *words)
    assert "test, by class of instances" in out
    for row in rows[1:]:
        [test] = row["first_against_it"]
        [line] = [line for line in out.splitlines() if line.startswith(f"{row['program']} ")]
        assert f"{test['difference']:+.3g} " in line
        assert f" {test['wins']}:{test['ties']}:{test['losses']} " in line
    for one in rows[0]["classes"]["test"]:
        [line] = [line for line in out.splitlines() if line.startswith(f"{one['name']} ")]
        assert f" {one['mean']:.4g} " in line
    assert re.search(r"time: [\d.e-]+ s deciding of [\d.e-]+ s on all of train; size: \d+ nodes", out)


def test_show_candidate_and_its_conversation(ended: Ended, read_json: Read, within: Within) -> None:
    champion = read_json("show", ended.run)["champion"]
    shown = read_json("show", champion)
    assert (shown["id"], shown["status"]) == (champion, "valid")
    assert "def priority(" in shown["source"]
    assert {row["split"]: row["instances"] for row in shown["figures"]} == {"train": 20, "validation": 20, "test": 20}
    roles = [message["role"] for message in shown["conversation"][0]["messages"]]
    assert roles == ["system", "user"]
    assert "def priority(" in shown["conversation"][0]["reply"]
    code, out, _ = within(ended.folder, "show", champion, "--prompt")
    assert code == 0
    assert shown["conversation"][0]["messages"][1]["content"].strip() in out
    assert "turn 0: reply" in out
    assert "turn 0: reply" not in within(ended.folder, "show", champion)[1]
    repaired = [read_json("show", f"{ended.run}-{number}") for number in range(1, CANDIDATES + 1)]
    assert max(len(one["conversation"]) for one in repaired) == 2
    baseline = read_json("show", f"{ended.run}-b1")
    assert (baseline["name"], baseline["conversation"]) == ("edd", [])


def test_best(ended: Ended, read_json: Read, within: Within) -> None:
    rows = read_json("best", "tiny")
    assert {"edd", "mdd", "mddc", "initial"} < {row["program"] for row in rows}
    gaps = [row["gap_validation"] for row in rows if row["gap_validation"] is not None]
    assert gaps == sorted(gaps)
    assert all(type(row["n_train"]) is int for row in rows)
    assert read_json("best", "tiny", "--top", "2") == rows[:2]
    assert rows[0]["pareto"], "nothing has a smaller gap"
    assert not all(row["pareto"] for row in rows)
    lines = within(ended.folder, "best", "tiny")[1].splitlines()
    assert max(map(len, lines)) <= 80
    [mddc] = [line for line in lines if line.startswith("mddc ")]
    assert mddc.split()[1:6] == ["human", "baseline", "19.5", "12.98", "3.594"]


def test_best_of_what_there_is_not(ended: Ended, within: Within) -> None:
    def refused(*words: str) -> str:
        code, _, err = within(ended.folder, "best", *words)
        assert (code, err.count("\n")) == (2, 1)
        return err

    assert "no measured program of 'job_shop'; start with: evolve run job_shop" in refused("job_shop")
    assert "no problem 'nosuch'; shipped are: " in refused("nosuch")
    for count in ("0", "-1"):
        assert f"--top {count}: at least 1" in refused("tiny", "--top", count)


def test_best_is_of_the_folder_that_is_named(tmp_path: Path, within: Within) -> None:
    def programs(problem: str | Path) -> list[str]:
        code, out, err = within(tmp_path, "best", problem, "--json")
        assert code == 0, out + err
        return [row["program"] for row in json.loads(out)]

    folders = [make_tiny(tmp_path / place / "tiny") for place in ("a", "b", "c")]
    (folders[1] / "problem.toml").write_text(TOML.replace("n = [12]", "n = [11]"))
    (folders[2] / "problem.toml").write_text(TOML.replace("n = [12]", "n = [10]"))
    shutil.copytree(folders[0], tmp_path / "copied" / "tiny")
    with Archive.open(tmp_path / "evolve.db") as archive:
        for place, folder in zip("ab", folders[:2], strict=True):
            mark, at = load_problem(str(folder)).fingerprint, {"a": 1.0, "b": 2.0}[place]
            archive.create_run(samples.run(place, problem="tiny", folder=str(folder), fingerprint=mark, created=at))
            valid = samples.candidate(1, place, status="valid", gaps={"train": 1.0, "validation": 2.0}, size=3)
            valid.decision_seconds = 0.1
            archive.save_candidate(valid, {})
    assert programs(folders[0]) == programs("a/tiny") == ["a-1"]
    assert programs("b/tiny") == ["b-1"]
    assert programs("copied/tiny") == ["a-1"], "the same problem in another place"
    code, _, err = within(tmp_path, "best", "c/tiny")
    assert (code, err.count("\n")) == (2, 1)
    assert f"no measured program of 'c/tiny' (but of another tiny: {folders[0]}, {folders[1]})" in err
    (folders[0] / "problem.toml").write_text(TOML.replace("n = [12]", "n = [9]"))
    assert programs("a/tiny") == ["a-1"], "as its latest run found it"
    shutil.rmtree(tmp_path / "b")
    assert programs("b/tiny") == programs("tiny") == ["b-1"], "the folder is gone, its runs are not"


def test_evaluate(ended: Ended, read_json: Read, within: Within) -> None:
    words = ("tiny/baselines/mdd.py", "--problem", "tiny", "--sandbox", "process")
    found = read_json("evaluate", *words)
    assert {"problem", "split", "instances", "valid", "gap_mean", "gap_ci95", "per_instance"} <= set(found)
    assert (found["problem"], found["split"], found["instances"], found["valid"]) == ("tiny", "validation", 20, True)
    low, high = found["gap_ci95"]
    assert low < found["gap_mean"] < high
    assert found["gap_mean"] == pytest.approx(sum(row["gap"] for row in found["per_instance"]) / 20)
    both = read_json("evaluate", *words, "--split", "train", "--split", "test")
    assert [one["split"] for one in both] == ["train", "test"]
    (ended.folder / "bad.py").write_text("def priority(p):\n    print('here')\n    return 1 / 0\n")
    code, out, _ = within(ended.folder, "evaluate", "bad.py", *words[1:], "--json")
    bad = json.loads(out)
    assert (code, bad["valid"], bad["gap_mean"], bad["failure"]["kind"]) == (1, False, None, "exception")
    assert "here" in bad["stdout"]
    code, out, _ = within(ended.folder, "evaluate", "bad.py", *words[1:])
    assert code == 1
    assert "ZeroDivisionError" in out


def test_json_is_alone_on_stdout_even_where_colours_are_forced(ended: Ended) -> None:
    words = ("evaluate", "tiny/initial.py", "--problem", "tiny", "--sandbox", "process", "--json")
    done = evolve(*words, cwd=ended.folder, env={"FORCE_COLOR": "1"})
    assert json.loads(done.stdout)["valid"]


def test_compare(ended: Ended, read_json: Read, within: Within) -> None:
    champion = read_json("show", ended.run)["champion"]
    words = ("--problem", "tiny", "--sandbox", "process", "--split", "test")
    rows = read_json("compare", champion, "mdd", "tiny/initial.py", *words)
    assert [row["program"] for row in rows] == [champion, "mdd", "initial"]
    assert [row["by"] for row in rows] == ["openai", "human", "file"]
    mine, theirs = (rows[n]["splits"][0]["gap_mean"] for n in (0, 1))
    [test] = rows[1]["first_against_it"]
    assert test["difference"] == pytest.approx(mine - theirs)
    assert test["wins"] + test["losses"] <= 20
    stored = read_json("show", champion)["figures"]
    assert next(one for one in stored if one["split"] == "test") == rows[0]["splits"][0]
    assert [row["program"] for row in read_json("compare", "edd", *words)] == ["edd", "mdd", "mddc"]
    out = within(ended.folder, "compare", "mdd", "edd", "mddc", *words)[1]
    assert "mdd against mddc on test, by class of instances" in out, "the best of the others"
    [test] = next(row for row in read_json("compare", "mdd", "mddc", *words) if row["program"] == "mddc")[
        "first_against_it"
    ]
    assert out.splitlines()[-1].startswith(f"mdd against mddc on test: difference {test['difference']:+.3g} [")
    assert f"{test['wins']} wins, {test['ties']} ties, {test['losses']} losses, p" in out.splitlines()[-1]


def test_replay_is_the_same_run(ended: Ended, read_json: Read) -> None:
    assert read_json("replay", ended.run) == {"run": ended.run, "same": True, "differences": []}


def test_showing_loads_nothing_that_takes_a_second_to_load(ended: Ended) -> None:
    program = "import sys; from evolve.cli import app; app(standalone_mode=False); print(*sys.modules, file=sys.stderr)"
    command = [sys.executable, "-c", program, "show", ended.run]
    done = subprocess.run(command, cwd=ended.folder, capture_output=True, text=True, check=True)
    assert ended.run in done.stdout
    assert not {"alembic", "cma", "langgraph", "matplotlib", "openai", "scipy"} & set(done.stderr.split())


def test_doctor_sandbox_and_problems(read_json: Read) -> None:
    checks = {row["check"]: row for row in read_json("doctor")}
    assert checks["archive"]["ok"]
    assert "1 runs" in checks["archive"]["detail"]
    assert {"python", "cores", "problems", "disk", "model", "sandbox process"} <= set(checks)
    backends = {row["name"]: row for row in read_json("sandbox", "status")}
    assert set(backends) == {"docker", "bubblewrap", "process"}
    assert backends["process"]["available"]
    assert backends["process"]["mechanisms"]
    assert "single_machine_tardiness" in [row["name"] for row in read_json("problems", "list")]
    assert read_json("problems", "show", "tiny")["paper_rule"] == "mddc"


def test_doctor_asks_the_endpoint(ended: Ended, openai_server: Serve, within: Within) -> None:
    server = openai_server()
    code, out, _ = within(ended.folder, "doctor", "--json", "--base-url", server.url)
    [model] = [row for row in json.loads(out) if row["check"] == "model"]
    assert (code, model["ok"]) == (0, True)
    assert f"{server.url} answers" in model["detail"]
