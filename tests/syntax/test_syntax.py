"""The normal form, size and constants of programs."""

from __future__ import annotations

import ast
import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evolve.syntax import constants, fingerprint, normalise, size, with_constants
from tests.syntax.programs import PROGRAMS, expressions


def rule(body: str, parameters: str = "p, d, t", head: str = "") -> str:
    return f"{head}def priority({parameters}):\n    {body}\n"


SAME = [
    ("return max(d, t + p)", "x = t + p\n    return max(x, d)  # as ever"),
    ("return p * 2 + d", "return d + 2.0 * p"),
    ("return d - p", "return -p + d"),
    ("return p / d if d > 0 else p", "if d > 0:\n        return p / d\n    return p"),
    ("return p / d if d > 0 else p", "if 0 < d:\n        y: float = p / d\n    else:\n        y = p\n    return y"),
    ("return p + p", "return 2 * p"),
    ("return max(p, max(d, t))", "return max(t, d, p)"),
    ("return abs(-3 * p)", "return 3 * abs(p)"),
]
DIFFERENT = [
    ("return max(d, t + p)", "return min(d, t + p)"),
    ("return d - p", "return p - d"),
    ("return p / d", "return d / p"),
    ("return p if d < t else d", "return p if d <= t else d"),
    ("return p // 2", "return p / 2"),
    ("return 1.5 * p + d", "return 1.51 * p + d"),
    ("return [p, d][0]", "return [d, p][0]"),
    ("return max(p, d)", "return max([p, d][:1])"),
]


@pytest.mark.parametrize(("one", "two"), SAME)
def test_rules_that_compute_the_same_share_a_fingerprint(one: str, two: str) -> None:
    assert fingerprint(rule(one)) == fingerprint(rule(two))


@pytest.mark.parametrize(("one", "two"), DIFFERENT)
def test_rules_that_differ_have_different_fingerprints(one: str, two: str) -> None:
    assert fingerprint(rule(one)) != fingerprint(rule(two))


def test_named_constants_imports_docstrings_and_unused_features_do_not_matter() -> None:
    long = 'import os\nimport math\nK = 2\n\n\ndef priority(p, d, t):\n    """Doc."""\n    return math.exp(K * p)\n'
    assert fingerprint(long) == fingerprint("from math import exp\ndef priority(p): return exp(2 * p)")


def test_an_elementwise_array_rule_is_the_same_as_the_rule() -> None:
    arrays = "import numpy as np\ndef priorities(p, d, t):\n    return np.maximum(d, t + p)\n"
    assert fingerprint(arrays) == fingerprint(rule("return max(d, t + p)"))
    reduces = "import numpy as np\ndef priorities(p, d):\n    return p / p.mean() + np.max(d)\n"
    assert "priorities" in normalise(reduces)


def test_helpers_called_by_keyword_keep_their_parameters() -> None:
    one = "def f(a, b):\n    return a - b\ndef solve(x):\n    return [f(a=x, b=1)]\n"
    two = "def f(b, a):\n    return b - a\ndef solve(x):\n    return [f(a=x, b=1)]\n"
    assert fingerprint(one) != fingerprint(two)


def test_joining_lists_is_not_commutative() -> None:
    one = "def solve(x):\n    return sorted(x) + list(x)\n"
    assert fingerprint(one) != fingerprint("def solve(x):\n    return list(x) + sorted(x)\n")


def test_1_and_1_0_differ_where_a_program_may_index_with_them() -> None:
    assert fingerprint("def solve(x):\n    k = 1\n    return x[k]") != fingerprint(
        "def solve(x):\n    k = 1.0\n    return x[k]"
    )


LONG = """
import math

def helper(first, second):
    total = first * 2  # twice
    return [total + value for value in second]

def solve(instance):
    jobs = instance["p"]
    for index, job in enumerate(jobs):
        if job > 3:
            try:
                jobs[index] = helper(job, jobs)[0]
            except IndexError as error:
                print(error)
    best = (lambda plus: plus + 1)(0)
    return sorted(jobs, key=lambda value: value - best)
"""
LOCALS = ["first", "second", "total", "value", "jobs", "index", "job", "error", "best", "plus", "helper"]


@settings(max_examples=60, deadline=None)
@given(st.permutations([f"name{i}" for i in range(len(LOCALS))]), st.integers(0, 3))
def test_the_normal_form_does_not_depend_on_names_and_format(names: list[str], blank: int) -> None:
    renamed = LONG
    for old, new in zip(LOCALS, names, strict=True):
        renamed = re.sub(rf"\b{old}\b", new, renamed)
    renamed = renamed.replace("\n    ", "\n" * (blank + 1) + "    ").replace("# twice", "# 2 x")
    assert normalise(renamed) == normalise(LONG)


@settings(max_examples=200, deadline=None)
@given(expressions())
def test_the_normal_form_of_a_rule_is_idempotent_and_computes_the_same(expression: str) -> None:
    source = rule(f"return {expression}")
    once = normalise(source)
    assert normalise(once) == once
    draw = random.Random(expression)
    one, two = {}, {}
    exec(source, one)
    exec(once, two)
    taken = two["priority"].__code__.co_varnames[: two["priority"].__code__.co_argcount]
    for _ in range(5):
        values = {"p": draw.randint(1, 99), "d": draw.randint(1, 999), "t": draw.randint(1, 999)}
        try:
            expected = one["priority"](**values)
        except ZeroDivisionError:
            continue
        got = two["priority"](**{name: values[name] for name in taken})
        assert got == pytest.approx(expected, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("source", PROGRAMS)
def test_any_program_has_a_normal_form_that_compiles_and_is_its_own(source: str) -> None:
    once = normalise(source)
    compile(once, "x", "exec")
    assert normalise(once) == once
    assert size(source) > 0
    compile(with_constants(source, [2 * item.value for item in constants(source)]), "x", "exec")


@pytest.mark.parametrize(
    "source", ["def priority(p: return", "x = '\0'", "(" * 5000, "\ud800", "return 1", "x =\n\n 1"]
)
def test_what_does_not_parse_is_a_syntax_error(source: str) -> None:
    for function in (normalise, fingerprint, size, constants):
        with pytest.raises(SyntaxError):
            function(source)


@pytest.mark.parametrize("terms", [50, 400, 1500])
def test_deep_programs_are_handled(terms: int) -> None:
    source = "def priority(p):\n    return " + " + ".join(["p"] * terms) + "\n"
    assert fingerprint(source) == fingerprint(source.replace("return ", "return  ") + "# x\n")
    assert normalise(normalise(source)) == normalise(source)
    assert size(source) == 2 * terms
    assert constants(source) == []


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_a_program_or_a_syntax_error(source: str) -> None:
    try:
        normalise(source)
    except SyntaxError:
        with pytest.raises((SyntaxError, ValueError)):
            compile(source, "x", "exec")


def test_size_counts_neither_signature_nor_docstring() -> None:
    assert size('import math\ndef priority(p, d=3):\n    """Doc."""\n    return max(d, p)\n') == 5


TEXT = '''
K = 1.5   # é: a comment stays
B: float = 2
def priority(p, d, t, scale=0.25):
    """Doc with 3 numbers: 1, 2."""
    x = [p, d][0] + p ** 2 + p % 7 + round(p, 3)
    return K * x + -0.5 * d / max(t, 1) + f(range(9), axis=1) + f"{p:3}" * 0
'''


def test_constants_are_the_tunable_numbers() -> None:
    found = constants(TEXT)
    assert [item.value for item in found] == [1.5, 2, 0.25, 0.5]
    assert [item.name for item in found] == ["K", "B", "scale", None]
    assert [item.integer for item in found] == [False, True, False, False]


def test_only_the_numbers_of_the_text_change() -> None:
    assert with_constants(TEXT, [1.5, 2, 0.25, 0.5]) == TEXT
    changed = with_constants(TEXT, [1.75, 3, 0.5, -1.25])
    assert changed == TEXT.replace("K = 1.5 ", "K = 1.75 ").replace("= 2\n", "= 3\n").replace(
        "scale=0.25", "scale=0.5"
    ).replace("-0.5", "-(-1.25)")
    with pytest.raises(ValueError, match="has 4 constants"):
        with_constants(TEXT, [1.0])


@settings(max_examples=150, deadline=None)
@given(expressions(), st.randoms(use_true_random=False))
def test_constants_round_trip(expression: str, draw: random.Random) -> None:
    source = rule(f"y = {expression}  # 3.5\n    return y * 1.25")
    found = constants(source)
    values = [round(draw.uniform(0.01, 50), 3) for _ in found]
    changed = with_constants(source, values)
    assert [item.value for item in constants(changed)] == values
    assert with_constants(changed, [item.value for item in found]).count("# 3.5") == 1
    assert ast.dump(ast.parse(with_constants(source, [item.value for item in found]))) == ast.dump(ast.parse(source))
