"""Modules of a problem's folder: private to it, imported at the top, and part of the fingerprint."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from evaluators import modules
from evaluators.evaluate import evaluate
from evaluators.problem import Problem, ProblemError, load_problem
from sandbox.session import InProcessSandbox
from tests.evaluators.test_author_mistakes import TOML

TOY = """
from evaluators.protocol import *
from helper import cost
from half import more
import pack.inner as inner
import pack.last
from pack import other
import random
class Toy(Evaluator):
    def instances(self, split):
        return [Instance(split, "toys", 0)]
    def reference(self, instance):
        return Reference(1.0, "baseline")
    def episode(self, instance, labels):
        import math
        yield 1
        return Outcome(cost() + more() + inner.ten() + other.hundred() + pack.last.THOUSAND)
"""
FILES = {
    "helper.py": "import deep\ndef cost(): return deep.VALUE\n",
    "deep.py": "VALUE = 1\n",
    "half.py": "def more(): return 0.5\n",
    "unused.py": "VALUE = 1\n",
    "pack/__init__.py": "",
    "pack/inner.py": "from . import tens\ndef ten(): return tens.TEN\n",
    "pack/tens.py": "TEN = 10\n",
    "pack/other.py": "from .hundreds import HUNDRED\ndef hundred(): return HUNDRED\n",
    "pack/hundreds.py": "HUNDRED = 100\n",
    "pack/last.py": "THOUSAND = 1000\n",
}
Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """make(name, files that differ) -> a problem's folder."""

    def making(name: str, files: dict[str, str] | None = None) -> Path:
        folder = tmp_path / name
        program = "def decide(n): return n"
        texts = {"problem.toml": TOML, "toy.py": TOY, "statement.md": "def decide(n)", "initial.py": program}
        for file, text in {**texts, **FILES, **(files or {})}.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(text)
        return folder

    return making


def cost(problem: Problem) -> float:
    evaluation = evaluate(problem, problem.initial, "train", InProcessSandbox())
    assert evaluation.failure is None, evaluation.failure
    return evaluation.results[0].cost


def test_two_folders_with_modules_of_the_same_name(make: Make) -> None:
    one = load_problem(str(make("one")))
    other = load_problem(str(make("other", {"deep.py": "VALUE = 2\n", "half.py": "def more(): return 0.25\n"})))
    before = set(sys.path)
    assert one.evaluator is not other.evaluator
    assert cost(one) == 1111.5
    assert cost(other) == 1112.25
    assert cost(one) == 1111.5
    assert not {"helper", "deep", "half", "pack"} & set(sys.modules)
    assert set(sys.path) <= before


@pytest.mark.parametrize("file", sorted({*FILES, "toy.py"} - {"unused.py"}))
def test_the_fingerprint_covers_every_module_that_is_imported(make: Make, file: str) -> None:
    before = load_problem(str(make("one"))).fingerprint
    text = TOY if file == "toy.py" else FILES[file]
    assert load_problem(str(make("changed", {file: text + "# changed\n"}))).fingerprint != before


def test_the_fingerprint_depends_on_nothing_else(make: Make) -> None:
    problem = load_problem(str(make("one")))
    before = problem.fingerprint
    assert cost(problem) == 1111.5
    assert load_problem(str(problem.folder)).fingerprint == before
    assert load_problem(str(make("other", {"unused.py": "VALUE = 2\n"}))).fingerprint == before


def test_the_fingerprint_covers_modules_elsewhere_that_are_no_installed_ones(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    for name in ("acme_sim/__init__.py", "acme_sim/inner/__init__.py", "acme_sim/inner/deep.py", "acme_sim/idle.py"):
        (elsewhere / name).parent.mkdir(parents=True, exist_ok=True)
        (elsewhere / name).write_text("")
    (elsewhere / "acme_sim/shop.py").write_text("def later():\n    from .inner import deep\n    return deep\n")
    monkeypatch.syspath_prepend(elsewhere)
    folder = make("one", {"toy.py": "import acme_sim.shop\n" + TOY})

    def fingerprint() -> str:
        return load_problem(str(folder)).fingerprint

    before = fingerprint()
    (elsewhere / "acme_sim/idle.py").write_text("# changed")
    assert fingerprint() == before
    importlib.import_module("acme_sim.inner.deep")
    assert fingerprint() == before, "what else has been imported does not matter"
    for name in ("acme_sim/shop.py", "acme_sim/inner/deep.py"):
        with (elsewhere / name).open("a") as file:
            file.write("# changed")
        now = fingerprint()
        assert now != before, name
        before = now
    monkeypatch.setattr(modules, "INSTALLED", {*modules.INSTALLED, str(elsewhere)})
    before = fingerprint()
    (elsewhere / "acme_sim/shop.py").write_text("")
    assert fingerprint() == before


def test_what_fails_to_load_is_loaded_anew(make: Make) -> None:
    folder = make("one", {"deep.py": "VALUE = 7\n", "pack/other.py": "import nowhere_at_all\n"})
    with pytest.raises(ProblemError, match="importing toy failed: ModuleNotFoundError: No module named 'nowhere_at"):
        assert load_problem(str(folder)).evaluator
    make("one", {"deep.py": "VALUE = 10\n"})
    assert cost(load_problem(str(folder))) == 1120.5


def test_an_import_in_a_function_is_refused(make: Make) -> None:
    late = TOY.replace("import math", "from half import more")
    with pytest.raises(ProblemError, match=r"toy.py:\d+ imports half in a function; import it at the top"):
        assert load_problem(str(make("one", {"toy.py": late}))).evaluator
    with pytest.raises(ProblemError, match="import it at the top"):
        assert load_problem(str(make("one", {"toy.py": late}))).evaluator
    inside = "def cost():\n    import deep\n    return deep.VALUE\n"
    with pytest.raises(ProblemError, match=r"helper.py:2 imports deep in a function"):
        assert load_problem(str(make("other", {"helper.py": inside}))).evaluator
