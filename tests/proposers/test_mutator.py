"""The built-in mutator: whatever it is given, it answers with a program that runs."""

from __future__ import annotations

import ast
import asyncio
import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.protocol import Feature, Interface
from evolve.proposers.base import Request
from evolve.proposers.mutator import MutatorProposer, propose
from evolve.syntax import normalise, size
from tests.syntax.programs import PROGRAMS, expressions

FEATURES = [
    Feature("p", "processing time"),
    Feature("d", "due date"),
    Feature("t", "now", scalar=True),
    Feature("mean", "a mean", scalar=True, integer=False),
]
OPERATORS = list(MutatorProposer.operators or ())
RULE = "def priority(p, d, t):\n    return max(d, t + 1.5 * p) + 0.25 * p\n"


def request(operator: str, parents: list[str], seed: str, interface: Interface = "priority") -> Request:
    return Request("run/1/1", operator, interface, FEATURES, parents, [], None, seed)


def check_rule(source: str) -> None:
    space: dict[str, object] = {}
    exec(source, space)
    function = space["priority"]
    tree = ast.parse(source)
    assert isinstance(tree.body[-1], ast.FunctionDef)
    assert ast.get_docstring(tree.body[-1])
    taken = {argument.arg for argument in tree.body[-1].args.args}
    assert taken <= {feature.name for feature in FEATURES}
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    assert taken <= used, "only parameters that are used"
    for row in ({"p": 1, "d": 0, "t": 0, "mean": 0.0}, {"p": 99, "d": 5000, "t": 1, "mean": 12.5}):
        assert isinstance(function(**{k: v for k, v in row.items() if k in taken}), int | float)  # type: ignore[operator]


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(OPERATORS), st.lists(expressions(), min_size=1, max_size=2), st.integers(0, 99))
def test_rules_give_rules_of_known_features(operator: str, parents: list[str], seed: int) -> None:
    sources = [f"def priority(p, d, t):\n    return {parent}\n" for parent in parents]
    made = propose(request(operator, sources, str(seed)))
    assert made is not None
    assert propose(request(operator, sources, str(seed))) == made
    normalise(made)
    tree = ast.parse(made)
    known = {"p", "d", "t", "mean", "max", "min", "abs", "math"}
    stored = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    assert {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} <= known | stored


@pytest.mark.parametrize("operator", OPERATORS)
def test_rules_run_on_awkward_values_and_stay_small(operator: str) -> None:
    parents = ["def priority(p, d):\n    return d + 0.5 * p\n", RULE]
    made = [propose(request(operator, parents, str(seed))) or "" for seed in range(60)]
    for source in made:
        check_rule(source)
        assert size(source) < 80
        assert max(map(len, source.splitlines())) < 200
    assert len(set(made)) > 10
    assert all(normalise(source) != normalise(RULE) for source in made)


def test_many_generations_stay_runnable() -> None:
    population = ["def priority(d):\n    return d\n"]
    for step in range(120):
        operator = OPERATORS[step % len(OPERATORS)]
        made = propose(request(operator, population[-2:], f"g{step}"))
        assert made is not None
        check_rule(made)
        population.append(made)


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("source", PROGRAMS)
def test_any_parent_gives_a_program_that_compiles(operator: str, source: str) -> None:
    interface: Interface = next(kind for kind in ("priority", "decide", "solve") if kind[:6] in source)  # type: ignore[assignment]
    for seed in range(6):
        for parents in ([source], [PROGRAMS[seed], source], [source, "def priority(:"]):
            made = propose(request(operator, parents, str(seed), interface))
            again = propose(request(operator, parents, str(seed), interface))
            assert made == again
            if made is not None:
                compile(made, "x", "exec")
                assert interface[:6] in made


@pytest.mark.parametrize("interface", ["solve", "decide"])
def test_longer_programs_change_and_mostly_still_run(interface: Interface) -> None:
    telling = "sorted(range" if interface == "solve" else "CACHE"
    source = next(program for program in PROGRAMS if f"def {interface}" in program and telling in program)
    argument = (
        {"p": [3, 1, 2], "d": [5, 1, 9]}
        if interface == "solve"
        else {"queue": [{"work": 3, "wait": 1}, {"work": 1, "wait": 0}]}
    )
    ran = changed = 0
    for seed in range(80):
        made = propose(request(OPERATORS[seed % len(OPERATORS)], [source], str(seed), interface))
        assert made is not None
        changed += normalise(made) != normalise(source)
        space: dict[str, object] = {}
        try:
            exec(made, space)
            space[interface](argument)  # type: ignore[operator]
            ran += 1
        except Exception:
            continue
    assert changed > 70
    assert ran > 50


def test_tuning_keeps_text_and_comments() -> None:
    head = "K = 1.5  # weight\n\n\ndef priority(p, d):\n"
    source = head + '    """Old line.\n\n    More.\n    """\n    return K * p + d  # sum\n'
    made = propose(request("tune", [source], "1")) or ""
    assert "# weight" in made
    assert "return K * p + d  # sum" in made
    assert made.count('"""') == 2
    assert "    More.\n" in made
    assert made.splitlines()[4].startswith('    """Changes constants: K 1.5 -> ')


def test_a_rule_without_readable_parent_is_made_from_features() -> None:
    check_rule(propose(request("explore", [], "1")) or "")
    check_rule(propose(request("explore", ["def priority(:"], "1")) or "")


def test_what_cannot_be_read_is_an_error_in_the_completion() -> None:
    mutator = MutatorProposer()
    completion = asyncio.run(mutator.propose(request("mutate", ["def solve(:"], "1", "solve")))
    assert completion.reply is None
    assert "no parent that it can read" in (completion.error or "")
    asyncio.run(mutator.close())


UNPACKED = """
def solve(instance):
    size, rate = instance["size"], instance["rate"]
    slo = instance["slo"]
    return sorted(range(len(size)), key=lambda i: -size[i] / rate[i])
"""


def test_programs_take_up_inputs_that_they_unpack_and_leave_out() -> None:
    instance = {"size": [3.0, 1.0, 2.0], "rate": [1.0, 4.0, 2.0], "slo": [2.0, 5.0, 1.0]}
    made = {propose(request("mutate", [UNPACKED], str(seed), "solve")) for seed in range(60)}
    used = [source for source in made if source and "slo[i]" in source.partition("sorted")[2]]
    runs = 0
    for source in used:
        space: dict[str, Any] = {}
        exec(source, space)
        with contextlib.suppress(TypeError):  # what is never used may be a list or a number
            runs += sorted(space["solve"](instance)) == [0, 1, 2]
    assert runs >= 10
    assert runs > 0.7 * len(used)
