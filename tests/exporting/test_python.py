"""A rule as one file: it says what it is, runs alone, and its example holds."""

from __future__ import annotations

import ast
import doctest
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators.problem import Problem, load_problem
from evolve.exporting import ExportError
from evolve.exporting.python import _docstring, without_docstring, write
from tests.exporting.conftest import HOSTILE, Export

RULE = "def priority(p, d, t):\n    return max(d, t + p)\n"


def passes(text: str, folder: Path, *, alone: bool = True) -> int:
    """Run the file's doctest as a user does, with the standard library alone; returns how many examples it has."""
    file = folder / "rule.py"
    file.write_bytes(text.encode())
    words = [sys.executable, "-I", *(["-S"] if alone else []), "-m", "doctest", "-v", str(file)]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout.count("\nok\n")


def test_what_a_file_says(subject: Export, small: Problem, tmp_path: Path) -> None:
    one = subject(small, RULE, measure=True, thought="EDD with a floor.")
    text = write(one)
    about = ast.get_docstring(ast.parse(text)) or ""
    assert "Needs nothing but Python's standard library." in about
    assert "EDD with a floor." in about
    assert "The item with the smallest value goes first." in about
    assert "p_max" in about, "every feature is named"
    for split in small.splits:
        assert f"\n    {split} " in about
    assert "candidate r0-1, written by m, operator mutate; run r0, seed 7" in " ".join(about.split())
    assert "Lineage: r0-0 (initial) > r0-1 (mutate)" in " ".join(about.split())
    assert "Licence: Apache-2.0" in about
    assert text.endswith("\n\n" + RULE)
    assert passes(text, tmp_path) == 2


def test_the_example_is_measured_and_can_fail(subject: Export, small: Problem, tmp_path: Path) -> None:
    text = write(subject(small, RULE))
    file = tmp_path / "rule.py"
    file.write_text(text.replace("return max(d, t + p)", "return max(d, t + p) + 1"))
    done = subprocess.run([sys.executable, "-m", "doctest", file], capture_output=True, text=True)
    assert done.returncode == 1
    assert "Failed example" in done.stdout


HARD = {
    "future": f'# -*- coding: latin-1 -*-\n"""A rule."""\nfrom __future__ import annotations\n\n{RULE}',
    "doctests": '"""A rule.\n\n>>> 1 / 0\n"""\n\n\ndef priority(p, d, t):\n    r"""Says \\d.\n\n'
    '    >>> priority(1, 2, 3)\n    7\n    """\n    return d\n\n\nclass A:\n    ">>> 1 / 0"\n',
    "escaped doctest": 'def priority(p, d, t):\n    "\\x3e>> 1 / 0"\n    return d\n',
    "one line": '"A rule."; import math\n\npriority = lambda p, d, t: math.exp(-d)\n',
    "brackets": f'("""A "rule" """\n"of two parts")\n{RULE}',
    "carriage returns": f'"""A rule."""\r\n{RULE}'.replace("\n", "\r\n"),
    "form feed": f'"""A rule."""\n\x0c\n{RULE}',
    "unicode": f'"""Ünïcode, 量."""; été = 1  # é\n{RULE}',
    "prints": f"{RULE}\nprint(priority(1, 2, 3))\n",
    "test of its own": f"{RULE}\n__test__ = {{'a': 'no examples'}}\n",
    "positions": "def priority(p, d, /, t):\n    return d\n",
    "all features": "def priority(**features):\n    return features['d'] - features['p_mean']\n",
    "none": "def priority():\n    return -0.0\n",
    "remembers": "seen = []\n\n\ndef priority(p):\n    seen.append(p)\n    return len(seen) + p / 3\n",
    "tiny": "def priority(p):\n    return 0.1 * 3 * p * 1e-12\n",
    "half": "def priority(p):\n    return p + 0.0000005 * 100000\n",
    "huge": "def priority(p):\n    return 10 ** 30 + p * 1e29 + 0.5\n",
}


@pytest.mark.parametrize("name", HARD)
def test_programs_of_all_kinds(name: str, subject: Export, small: Problem, tmp_path: Path) -> None:
    text = write(subject(small, HARD[name]))
    assert passes(text, tmp_path) == 2, "the example is the only one that counts"


def test_numpy_is_named_and_the_example_passes_with_it(subject: Export, small: Problem, tmp_path: Path) -> None:
    text = write(subject(small, "import numpy as np\n\n\ndef priorities(p, d, t):\n    return np.maximum(d, t + p)\n"))
    assert "Needs numpy." in text
    assert passes(text, tmp_path, alone=False) == 3


@pytest.mark.parametrize("source", [HOSTILE, '"' * 9, "\\", '\\"""', ">>> 1 / 0\n... 2", "\x1a\r\n\t"])
def test_hostile_thoughts(source: str, subject: Export, small: Problem, tmp_path: Path) -> None:
    one = subject(small, RULE, thought=source, model=source, operator=source)
    text = write(one)
    assert all(c == "\n" or c.isprintable() for c in text)
    assert passes(text, tmp_path) == 2
    assert ast.dump(ast.parse(text).body[1]) == ast.dump(ast.parse(RULE).body[0])


@given(st.text())
def test_any_text_makes_a_docstring(text: str) -> None:
    clean = text.encode("utf-8", "replace").decode().replace("\r", "").replace("\x00", "")
    assert ast.literal_eval(_docstring(clean)) == clean + "\n"


@pytest.mark.parametrize("name", HARD)
def test_the_program_stays_what_it_is(name: str) -> None:
    note, body = without_docstring(HARD[name])
    tree = ast.parse(HARD[name])
    assert note == ast.get_docstring(tree)
    if note is not None:
        tree.body = tree.body[1:]
    found = doctest.DocTestParser()
    for node in ast.walk(ast.parse(body)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module):
            assert found.get_examples(ast.get_docstring(node) or "") == []
    if "doctest" not in name:
        assert ast.dump(ast.parse(body)) == ast.dump(tree)


def test_what_answers_otherwise_the_second_time_has_no_example(subject: Export, small: Problem, tmp_path: Path) -> None:
    text = write(subject(small, "import random\n\n\ndef priority(p):\n    return random.random()\n"))
    assert passes(text, tmp_path) == 0
    assert "No example: the program fails, answers otherwise when it is asked again" in text
    assert passes(write(subject(small, "def priority(p):\n    return 1 / 0\n")), tmp_path) == 0


def test_no_python(subject: Export, small: Problem) -> None:
    with pytest.raises(ExportError, match="is no Python"):
        write(subject(small, "def priority(p:\n", status="invalid"))
    with pytest.raises(ExportError, match="has no program: it is failed"):
        subject(small, None, status="failed")
    with pytest.raises(ExportError, match=r"is invalid \(timeout\): only a program that runs"):
        subject(small, "def priority(p):\n    return p\n", status="invalid", failure_kind="timeout")


INTERFACES = {
    "spot_instances": "decide",  # a dict goes in, a string comes back
    "spot_multi_region": "decide",  # a tuple comes back
    "lagrangian_multipliers": "decide",  # arrays go in, and floats come back
    "model_placement": "solve",
    "soc_dag": "priority",
}


@pytest.mark.parametrize("name", INTERFACES)
def test_every_interface(name: str, subject: Export, tmp_path: Path) -> None:
    problem = load_problem(name)
    text = write(subject(problem, problem.initial))
    assert f"{INTERFACES[name]}(" in text
    assert problem.statement.strip().splitlines()[0] in text or problem.interface == "priority"
    assert passes(text, tmp_path, alone="numpy" not in text) >= 2
