"""Loading problem folders: what is wrong is said in one line; references and fingerprints."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from evaluators.problem import ProblemError, load_problem, problem_names, shipped_problems
from evaluators.protocol import Reference
from evaluators.references import disagreements, refresh

TOML = """
title = "Toy"
family = "toys"
interface = "solve"
evaluator = "toy:Toy"
[parameters]
factor = 2
[splits.train]
count = 2
[splits.validation]
count = 2
[splits.test]
count = 3
[reference]
kind = "bound"
source = "by construction"
"""

TOY = """
from evaluators.protocol import Evaluator, Instance, Outcome, Reference


class Toy(Evaluator):
    def __init__(self, factor):
        self.factor = factor

    def instances(self, split, *, count):
        return [Instance(f"{split}|{k}", "toys", k) for k in range(count)]

    def reference(self, instance):
        return Reference(1.5 + self.factor * instance.data, "bound")

    def question(self, instance, labels):
        return {}

    def verify(self, instance, answer, labels):
        return Outcome(float(answer))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "baselines").mkdir()
    (tmp_path / "problem.toml").write_text(TOML)
    (tmp_path / "toy.py").write_text(TOY)
    (tmp_path / "statement.md").write_text("def solve(instance): ...")
    (tmp_path / "initial.py").write_text("def solve(instance): return 9")
    return tmp_path


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_folder_with_an_evaluator_of_its_own(folder: Path) -> None:
    problem = load_problem(str(folder))
    assert [i.key for i in problem.instances("test")] == ["test|0", "test|1", "test|2"]
    assert problem.instances("test") is problem.instances("test")
    assert problem.reference(problem.instances("test")[2]) == Reference(5.5, "bound")
    assert (problem.functions, problem.splits) == (["solve"], ["train", "validation", "test"])


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("problem.toml", "title", "titel", "title: field required"),
        ("problem.toml", "family", "famly", "family: field required; unknown: famly"),
        ("problem.toml", "source", 'when = "now"\nsource', "unknown: reference.when"),
        (
            "problem.toml",
            '"bound"',
            '"boundd"',
            "reference.kind: 'boundd' names no kind .*: optimal, bound, best known, ",
        ),
        (
            "problem.toml",
            "[splits.train]",
            "[limits]\nmemory = 1\n[splits.train]",
            "memory is unknown; there are: call_",
        ),
        ("problem.toml", 'interface = "solve"', 'interface = "guess"', "interface: input should be"),
        ("problem.toml", "[splits.test]\ncount = 3", "", r"\[splits.test\] is missing; every problem needs train"),
        ("problem.toml", "[splits", "[splits..", "not valid TOML"),
        ("statement.md", "solve", "priority", "show the model a line 'def solve"),
        ("initial.py", "return 9", "return return", "line 1"),
    ],
)
def test_what_is_wrong_with_a_folder_is_said_in_one_line(
    folder: Path, name: str, old: str, new: str, message: str
) -> None:
    edit(folder / name, old, new)
    with pytest.raises(ProblemError, match=message) as caught:
        load_problem(str(folder))
    assert str(folder / name) in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("toy:Toy", "toy:Doll", "no evaluator class Doll"),
        ("toy:Toy", "nowhere:Toy", "importing nowhere failed: ModuleNotFoundError"),
        ("factor = 2", "weight = 2", r"\[parameters\] do not fit"),
        ("count = 3", "number = 3", r"\[splits.test\].*number"),
        ("count = 3", "count = 0", "makes no instance"),
    ],
)
def test_what_is_wrong_with_an_evaluator_is_said_when_it_is_used(
    folder: Path, old: str, new: str, message: str
) -> None:
    edit(folder / "problem.toml", old, new)
    with pytest.raises(ProblemError, match=message):
        load_problem(str(folder)).instances("test")


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("memory_mb", "-1", "-1: give a whole number from 1 to"),
        ("memory_mb", "0.5", "0.5: give a whole number"),
        ("memory_mb", "1e12", "1e\\+12: give a whole number"),
        ("processes", "-3", "-3: give a whole number"),
        ("disk_mb", "nan", "nan: give a whole number"),
        ("output_kb", "inf", "inf: give a whole number"),
        ("call_seconds", "nan", "nan: give a number above 0"),
        ("call_seconds", "inf", "inf: give a number above 0"),
        ("instance_seconds", "0", "0: give a number above 0"),
    ],
)
def test_limits_that_limit_nothing_are_refused(folder: Path, key: str, value: str, shown: str) -> None:
    edit(folder / "problem.toml", "[splits.train]", f"[limits]\n{key} = {value}\n[splits.train]")
    with pytest.raises(ProblemError, match=rf"problem.toml: \[limits\]: {key} = {shown}"):
        load_problem(str(folder))


def test_unknown_problems_name_those_that_exist() -> None:
    with pytest.raises(ProblemError, match=r"no problem .no_such_problem.; shipped are: .*job_shop"):
        load_problem("no_such_problem")
    assert {"job_shop", "single_machine_tardiness"} <= set(problem_names())


def test_references_are_written_read_and_checked(folder: Path) -> None:
    problem = load_problem(str(folder))
    assert len(disagreements(problem)) == 7, "nothing is stored yet"
    path = refresh(problem)
    assert json.loads(path.read_text())["instances"]["test|1"] == [3.5, "bound"]
    assert disagreements(load_problem(str(folder)), None) == []
    written = path.read_bytes()
    assert refresh(load_problem(str(folder))).read_bytes() == written, "the same values leave the file alone"

    edit(path, '"test|1": [3.5', '"test|1": [3.25')
    changed = load_problem(str(folder))
    assert changed.reference(changed.instances("test")[1]) == Reference(3.25, "bound")
    [line] = disagreements(changed)
    assert "test|1 (test) is stored as 3.25 (bound) and computed as 3.5 (bound)" in line
    refresh(changed, ["train"])
    assert len(disagreements(load_problem(str(folder)))) == 1, "another split keeps what is stored"

    path.write_text("{}")
    with pytest.raises(ProblemError, match="delete it to recompute"):
        (again := load_problem(str(folder))).reference(again.instances("test")[0])


def test_the_fingerprint_covers_what_figures_depend_on(folder: Path) -> None:
    before = load_problem(str(folder)).fingerprint
    assert load_problem(str(folder)).fingerprint == before
    (folder / "statement.md").write_text("def solve(instance): ...  # said otherwise")
    assert load_problem(str(folder)).fingerprint == before
    edit(folder / "problem.toml", "factor = 2", "factor = 3")
    changed = load_problem(str(folder)).fingerprint
    assert changed != before
    refresh(load_problem(str(folder)))
    assert load_problem(str(folder)).fingerprint != changed


def test_the_fingerprint_covers_modules_that_the_evaluator_imports(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = load_problem("single_machine_tardiness")
    seen: list[str] = []
    read = Path.read_bytes

    def reading(path: Path) -> bytes:
        seen.append(path.name)
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", reading)
    assert problem.fingerprint
    assert {"tardiness.py", "lawler.py", "protocol.py", "ties.py"} <= set(seen)
    assert "jobshop.py" not in seen


def test_a_copy_elsewhere_is_the_same_problem(tmp_path: Path) -> None:
    shutil.copytree(shipped_problems() / "job_shop", tmp_path / "job_shop")
    assert load_problem(str(tmp_path / "job_shop")).fingerprint == load_problem("job_shop").fingerprint
