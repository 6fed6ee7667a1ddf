"""evolve problems: list, show, new and check, and what check finds in folders that are not as they should be."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from evaluators.evaluate import evaluate
from evaluators.parting import side_by_side
from evaluators.problem import (
    Problem,
    ProblemError,
    load_problem,
    problem_names,
    shipped_problems,
    stored_references,
)
from evaluators.protocol import EvaluatorBug
from evolve.checking import Bench, Checked, Checker
from evolve.cli import main
from evolve.cli.problems import _row
from evolve.scaffold import new_problem
from sandbox.session import InProcessSandbox

Evolve = Callable[..., tuple[int, str, str]]


@pytest.fixture
def evolve(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Evolve:
    """evolve("problems", …) -> exit code, stdout, stderr; in an empty current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["evolve", *words])
        try:
            main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        return code, *capsys.readouterr()

    return run


@contextmanager
def bench(problem: Problem) -> Iterator[Bench]:
    """No isolation; the other process is a problem that is loaded anew."""
    slot = InProcessSandbox()
    yield Bench(slot, lambda source, split, labels: evaluate(load_problem(str(problem.folder)), source, split, slot,
                                                             relabelling=labels))  # fmt: skip


def checked(folder: Path, write_references: bool = False) -> Checked:
    return Checker(str(folder), bench, write_references=write_references).run()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return smaller(new_problem("my_shop", tmp_path))


def smaller(folder: Path) -> Path:
    """A new problem with a tenth of the instances on which the search does not run."""
    for many, few in ((25, 5), (50, 5), (10, 2)):
        edit(folder / "problem.toml", f"per_load = {many}\n", f"per_load = {few}\n")
    return folder


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


# --- list and show --------------------------------------------------------------------------------------------------


def test_check_renders_the_templates_of_a_problem(folder: Path) -> None:
    (folder / "prompts").mkdir()
    path = folder / "prompts" / "shake.md.jinja"
    path.write_text("+++\nparents = 1\nsummary = 'new'\n+++\n{{ nothing }}")
    assert checked(folder).failures["prompts"] == [f"{path}:5: UndefinedError: 'nothing' is undefined"]
    path.write_text("no front matter")
    assert "front matter is missing" in checked(folder).failures["prompts"][0]


def test_list_names_every_shipped_problem_and_evaluates_nothing(
    evolve: Evolve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evaluators.evaluate.evaluate", None)
    monkeypatch.setattr("evolve.cli.problems.open_sandbox", None)
    code, out, _ = evolve("problems", "list", "--json")
    rows = {row["name"]: row for row in json.loads(out)}
    assert (code, sorted(rows)) == (0, problem_names())
    one = rows["single_machine_tardiness"]
    assert (one["interface"], one["family"], one["self_scored"]) == ("priority", "machine scheduling", False)
    assert one["baselines"] > 5
    assert (one["best_baseline"]["name"], round(one["best_baseline"]["gap"], 3)) == ("augmddc", 5.355)
    assert 0 < one["train_seconds"] < 2
    code, out, _ = evolve("problems", "list")
    assert all(name in out for name in problem_names())


def test_the_page_of_all_problems_is_up_to_date(evolve: Evolve) -> None:
    code, out, _ = evolve("problems", "list", "--markdown")
    assert code == 0
    assert out == (shipped_problems() / "README.md").read_text()


def test_list_knows_what_was_published(evolve: Evolve, tmp_path: Path) -> None:
    evolve("problems", "new", "my_shop")
    cards = tmp_path / "results" / "my_shop"
    cards.mkdir(parents=True)
    for name, gap in (("a-1", -2.0), ("b-2", -3.0)):
        card = {"program": f"{name}.py", "figures": {"validation": {"gap_mean": gap}}}
        (cards / f"{name}.json").write_text(json.dumps(card))
    (cards / "broken.json").write_text("{}")
    row = _row(load_problem("./my_shop"))
    assert row["best_program"] == {"name": "b-2", "gap": -3.0}
    assert row["best_baseline"] is None


def test_standings_are_written_listed_and_checked(evolve: Evolve, tmp_path: Path) -> None:
    evolve("problems", "new", "my_shop")
    smaller(tmp_path / "my_shop")
    assert evolve("problems", "check", "my_shop", "--standings", "--sandbox", "process")[0] == 0
    row = _row(load_problem("./my_shop"))
    assert row["best_baseline"]["name"] in load_problem("./my_shop").baselines
    path = tmp_path / "my_shop" / "standings.json"
    stored = json.loads(path.read_text())
    assert row["best_baseline"]["gap"] == min(
        splits["validation"]["gap_mean"] for name, splits in stored["programs"].items() if name != "initial"
    )
    assert evolve("problems", "check", "my_shop", "--sandbox", "process")[0] == 0
    stored["programs"]["initial"]["test"]["gap_mean"] += 1
    path.write_text(json.dumps(stored))
    code, _, err = evolve("problems", "check", "my_shop", "--sandbox", "process")
    assert code == 2
    assert "initial on test is stored with a gap of" in err
    assert "--standings writes them anew" in err
    path.write_text("{}")
    code, _, err = evolve("problems", "list")
    assert code == 0  # it lists what is shipped
    code, _, err = evolve("problems", "check", "my_shop", "--sandbox", "process")
    assert code == 2
    assert "not a file of standings" in err


def test_show(evolve: Evolve) -> None:
    code, out, _ = evolve("problems", "show", "single_machine_tardiness", "--json")
    shown = json.loads(out)
    assert code == 0
    assert shown["signature"] == "def priority(p, d, t, P_rem, p_max, p_mean, n_rem)"
    assert [feature["name"] for feature in shown["features"]][:3] == ["p", "d", "t"]
    assert shown["splits"]["train"]["instances"] == sum(shown["splits"]["train"]["groups"].values()) == 40
    assert shown["reference"]["kind"] == "optimal"
    assert {"name": "mdd", "summary": shown["baselines"][6]["summary"]} in shown["baselines"]
    code, out, _ = evolve("problems", "show", "single_machine_tardiness")
    assert code == 0
    for text in ("# Total tardiness on one machine", "def priority(p, d, t", "P_rem", "optimal: ", "call_seconds"):
        assert text in out
    code, _, err = evolve("problems", "show", "nothing")
    assert code == 2
    assert err.startswith("error: no problem 'nothing'; shipped are: ")


# --- new ------------------------------------------------------------------------------------------------------------


def test_new_writes_a_problem_that_passes_every_check(evolve: Evolve, tmp_path: Path) -> None:
    code, out, _ = evolve("problems", "new", "my_shop", "--into", "here")
    assert code == 0
    assert "evolve problems check ./here/my_shop" in out
    folder = tmp_path / "here" / "my_shop"
    found = checked(folder)
    assert found.lines() == []
    checks = ["folder", "statement", "prompts", "references", "programs", "determinism"]
    checks += ["splits", "standings", "any rule"]
    assert [*found.failures] == checks
    assert found.programs == 3
    assert found.seconds is not None
    assert "PROBLEM_" not in "".join(path.read_text() for path in folder.rglob("*.*") if path.suffix != ".pyc")
    code, _, err = evolve("problems", "new", "my_shop", "--into", "here")
    assert (code, err.count("\n")) == (2, 1)
    assert "exists already" in err


@pytest.mark.parametrize("name", ["", "My", "a-b", "../a", "a b", "1a", "class", "job_shop", "x" * 41])
def test_new_refuses_names(name: str, tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match=r"^('.*' is no problem's name|job_shop is the name of a shipped problem)"):
        new_problem(name, tmp_path)
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("into", ["file", "file/inside", "/proc"])
def test_new_where_nothing_can_be_written(evolve: Evolve, tmp_path: Path, into: str) -> None:
    (tmp_path / "file").write_text("")
    code, out, err = evolve("problems", "new", "my_shop", "--into", into)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "my_shop cannot be written: " in err


def test_data_that_is_equal_may_be_played_differently(folder: Path) -> None:
    edit(folder / SIMULATOR, "generate(key, jobs, load))", "(jobs, load))")
    edit(folder / SIMULATOR, "jobs = instance.data  #", "jobs = generate(instance.key, *instance.data)  #")
    edit(folder / SIMULATOR, "for job in instance.data", "for job in generate(instance.key, *instance.data)")
    assert checked(folder).lines() == []


def test_new_around_an_evaluator_of_openevolve(evolve: Evolve, tmp_path: Path) -> None:
    (tmp_path / "ev.py").write_text('"""Rewards 7."""\ndef evaluate(path): return {"combined_score": 7}\n')
    (tmp_path / "start.py").write_text("def f(): pass\n")
    assert "--initial" in evolve("problems", "new", "mine", "--openevolve", "ev.py")[2]
    code, out, _ = evolve("problems", "new", "mine", "--openevolve", "ev.py", "--initial", "start.py")
    assert code == 0
    assert "self-scored" in out
    folder = tmp_path / "mine"
    assert (folder / "evaluator.py").read_text() == (tmp_path / "ev.py").read_text()
    assert "Rewards 7." in (folder / "statement.md").read_text()
    assert checked(folder).lines() == []
    assert "self-scored" in evolve("problems", "show", "./mine")[1]
    again = ("problems", "new", "m2", "--openevolve", "ev.py", "--initial", "start.py")
    (tmp_path / "ev.py").write_text("def score(path): ...")
    assert "no function evaluate" in evolve(*again)[2]
    (tmp_path / "ev.py").write_text("def evaluate(path:")
    assert "ev.py: line 1" in evolve(*again)[2]
    assert "--openevolve" in evolve("problems", "new", "m2", "--initial", "start.py")[2]
    assert not (tmp_path / "m2").exists()


# --- check ----------------------------------------------------------------------------------------------------------

SIMULATOR, STATEMENT = "simulator.py", "statement.md"


@pytest.mark.parametrize(
    ("file", "old", "new", "check", "message"),
    [
        ("problem.toml", "title =", "title :", "folder", "not valid TOML"),
        ("problem.toml", "jobs = 200", "job = 200", "folder", "[splits.ood]"),
        ("problem.toml", "per_load = 20", "per_load = 0", "folder", "[splits.train] makes no instance"),
        (SIMULATOR, "import heapq", "import heapqueue", "folder", "No module named 'heapqueue'"),
        (SIMULATOR, "rng = random.Random(key)", "rng = random.Randon(key)", "folder", "(simulator.py:"),
        (SIMULATOR, "{split}|", "", "folder", "share the key"),
        (STATEMENT, "`weight`", "`w`", "statement", ""),
        (STATEMENT, "weight, t)", "weight, t, slack)", "statement", "the signature has slack"),
        (STATEMENT, "weight", "mass", "statement", "does not name the features weight"),
        ("baselines/edd.py", "return due", "return due / 0", "programs", "baselines/edd on train: exception"),
        ("baselines/edd.py", "priority(due)", "rule(due)", "programs", "baselines/edd on train: missing"),
        ("initial.py", "p / weight", "float('nan')", "programs", "initial on train: illegal"),
        (SIMULATOR, 'value.cost, "baseline"', 'value.cost + 9, "bound"', "programs", "is below the proven bound"),
        (SIMULATOR, "cost += ", "cost -= 1 / 0 + ", "references", "ZeroDivisionError: division by zero (simulator.py:"),
        (SIMULATOR, "cost += ", "cost += 1 / (len(order) < 99) * ", "programs", "initial on ood: evaluator, insta"),
        (SIMULATOR, "in waiting] for", "in waiting[name == 'due' :]] for", "programs", "the column 'due' has "),
        (SIMULATOR, '("p", "due", "weight")}', '("p", "weight")}', "programs", "lacks the feature 'due'"),
        (SIMULATOR, "return Outcome(", "return 7 if arrived > 99 else Outcome(", "programs", "on ood: an episode re"),
        (SIMULATOR, "* (cost - ", "* (0 * cost - ", "programs", ""),
        (SIMULATOR, "return 100 *", "return (cost > 0) / 0 *", "programs", "evaluator, instance my_shop|train"),
        (SIMULATOR, "random.Random(key)", "random.Random()", "determinism", "costs differ"),
        (
            SIMULATOR,
            "random.Random(key)",
            "random.Random(key if 'train' in key else None)",
            "determinism",
            "costs differ on validation, first my_shop|validation|",
        ),
        (
            SIMULATOR,
            "random.Random(key)",
            "random.Random(key if 'ood' not in key else None)",
            "determinism",
            "4 of 4 costs differ on ood, first my_shop|ood|",
        ),
        (SIMULATOR, "Instance(key,", "Instance(key + str(random.random()),", "determinism", "train have other keys"),
        (
            SIMULATOR,
            "random.Random(key)",
            "random.Random(key.replace('test', 'train'))",
            "splits",
            "10 of 10 instances of test are instances of train under another key, first my_shop|test|60|0.95|0, ",
        ),
        (
            SIMULATOR,
            "decisions=order,",
            "{'late': float('nan')}, decisions=order,",
            "programs",
            "initial on train: instance my_shop|train|60|0.95|0: the further figure late is nan",
        ),
        (SIMULATOR, "def episode(", "def episodes(", "folder", "for which Shop must define episode"),
        (SIMULATOR, "def reference(", "def referenze(", "folder", "Shop lacks what every evaluator defines: reference"),
        (SIMULATOR, 'Feature("due"', 'Feature("p"', "folder", "Shop has two features named p"),
        (
            SIMULATOR,
            'value.cost, "baseline"',
            'value.cost, "Bound"',
            "references",
            "kind is 'Bound'; the kinds are: opt",
        ),
        (SIMULATOR, "Reference(end.value.cost,", "(end.value.cost,", "references", "it is a tuple; return Reference("),
        (SIMULATOR, "return [Instance", "yield from [Instance", "folder", "[splits.train] makes a generator"),
        (SIMULATOR, "Instance(key,", "Instance(len(key),", "folder", "at position 0 whose key is 23; it must be a str"),
        (
            SIMULATOR,
            "import heapq",
            "import heapq, sys; sys.exit(3)",
            "folder",
            "importing simulator failed: SystemExit",
        ),
        (SIMULATOR, "rng = random.Random(key)", "raise SystemExit(3)", "folder", "SystemExit: 3 (simulator.py:"),
        (SIMULATOR, "order.append(", "raise SystemExit(3); (", "references", "SystemExit: 3 (simulator.py:"),
        (SIMULATOR, "return 100 *", "raise SystemExit(3) #", "programs", "SystemExit: 3 (simulator.py:"),
        (
            "problem.toml",
            "interface =",
            'accepts = ["solve"]\ninterface =',
            "folder",
            "must define question and verify",
        ),
    ],
)
def test_check_says_what_is_wrong_in_a_line(
    folder: Path, file: str, old: str, new: str, check: str, message: str
) -> None:
    edit(folder / file, old, new)
    if not message:
        assert checked(folder).ok
        return
    found = checked(folder)
    assert found.failures[check]
    lines = [line for line in found.lines() if f" {check}: " in line and message in line]
    assert lines, found.lines()
    assert all("\n" not in line and "Traceback" not in line for line in found.lines())


def test_a_generator_that_depends_on_the_process_is_found(evolve: Evolve, folder: Path) -> None:
    """With a sandbox and an evaluator process of its own, as the command does it."""
    edit(folder / SIMULATOR, "random.Random(key)", "random.Random(hash(key))")
    code, out, err = evolve("problems", "check", str(folder), "--sandbox", "process")
    assert code == 2
    assert "determinism" in out
    assert err.splitlines()[0].startswith("error: my_shop: determinism: initial: in another process")
    assert len(err.splitlines()) == 2  # the initial program and one baseline


def test_references_are_written_checked_and_mended(folder: Path) -> None:
    assert "--references stores them" in checked(folder).notes[0]
    assert checked(folder, write_references=True).ok
    path = folder / "references.json"
    stored = json.loads(path.read_text())
    assert len(stored["instances"]) == 40 + 10 + 10 + 4
    found = checked(folder)
    assert found.ok
    assert found.notes == []
    folder = folder.rename(folder.with_name("other"))  # a module is imported once from a place
    path = folder / "references.json"
    edit(folder / SIMULATOR, "MACHINES = 3", "MACHINES = 2")
    lines = checked(folder).failures["references"]
    assert "is stored as" in lines[0]
    assert "--references writes them anew" in lines[0]
    assert checked(folder, write_references=True).failures["references"] == []
    path.write_text("{}")
    assert "not a file of references" in checked(folder).failures["references"][0]
    assert "delete it" in checked(folder, write_references=True).failures["references"][0]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("[]", "not a file of references"),
        ('{"instances": []}', "not a file of references"),
        ('{"instances": {"a": 1}}', "not a file of references"),
        ('{"instances": {"a": []}}', "not a file of references"),
        ('{"instances": {"a": [1, "boundd"]}}', "a: its kind is 'boundd'; the kinds are: "),
    ],
)
def test_what_is_no_file_of_references_is_told(tmp_path: Path, text: str, wrong: str) -> None:
    path = tmp_path / "references.json"
    path.write_text(text)
    with pytest.raises(ProblemError, match=f"^{path}: {wrong}"):
        stored_references(path)


def test_check_as_json_and_without_names(evolve: Evolve, folder: Path) -> None:
    code, out, err = evolve("problems", "check", str(folder), "./nothing", "--sandbox", "process", "--json")
    good, bad = json.loads(out)
    assert (code, good["ok"], bad["ok"]) == (2, True, False)
    assert good["train_seconds"] > 0
    assert all(good["checks"].values())
    assert err.count("\n") == 1
    assert "./nothing: folder: no problem './nothing'" in err
    code, _, err = evolve("problems", "check")
    assert (code, err.count("\n")) == (2, 1)
    assert "--all" in err
    code, _, err = evolve("problems", "check", str(folder), "--sandbox", "moon")
    assert (code, err.count("\n")) == (2, 1)


def test_the_new_problem_draws_its_jobs(folder: Path) -> None:
    problem = load_problem(str(folder))
    found = side_by_side(problem, problem.initial, problem.baselines["edd"], "train", 0, InProcessSandbox())
    assert found.drawing is not None
    jobs = problem.instances("train")[0].data
    assert sorted(box.end - box.start for box in found.drawing.boxes) == sorted(job.p for job in jobs)
    ends = {box.label: box.end for box in found.drawing.boxes}
    late = [job.weight * max(0, ends[f"job {j}"] - job.due) for j, job in enumerate(jobs)]
    assert sum(late) == found.cost > 0
    assert found.rival_drawing != found.drawing


def test_a_drawing_that_fails_is_the_evaluators_bug(folder: Path) -> None:
    edit(folder / "simulator.py", 'return Drawing("time, units of time"', "return Drawing(instance.title")
    problem = load_problem(str(folder))
    with pytest.raises(EvaluatorBug, match=r"draw: AttributeError: .*title.* \(simulator\.py:\d+\)"):
        side_by_side(problem, problem.initial, problem.initial, "train", 0, InProcessSandbox())
