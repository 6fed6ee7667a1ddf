"""Taking a term out of a program: what is left is the same text without it."""

from __future__ import annotations

import ast

import pytest

from evaluators.problem import load_problem
from evolve.syntax import size
from evolve.winner.terms import Removal, removals

RULE = '''import math

WEIGHT = 0.3


def priority(p, d, t):
    """Due dates, modified.

    With urgency.
    """
    slack = d - t  # to go
    # long jobs wait
    late = math.exp(-max(slack, 0) / (2 * p))
    return max(d, t + p) - WEIGHT * p * late
'''

SHORTER = '''def priority(p, d, t):
    """Due dates, modified.

    With urgency.
    """
    # long jobs wait
    return max(d, t + p)
'''

PROGRAM = '''def solve(instance):
    """Longest first."""
    jobs = instance["p"]
    if not jobs:
        return []
    order = sorted(range(len(jobs)), key=lambda j: -jobs[j] / max(jobs[0], 1))
    order = order[::-1]  # no: shortest first
    for a in range(3):
        order = order[1:] + order[:1]
    return order
'''


def by_term(source: str) -> dict[str, Removal]:
    return {one.term: one for one in removals(source)}


def test_what_nothing_reads_any_more_goes_and_the_rest_of_the_text_stays() -> None:
    without = by_term(RULE)["- WEIGHT * p * late"]
    assert without.source == SHORTER
    assert without.size == size(SHORTER)
    assert without.safe


def test_features_that_are_not_read_any_more_leave_the_signature() -> None:
    assert "def priority(p, d):" in by_term("def priority(p, d, t):\n    return d + p + t\n")["+ t"].source


def test_every_operand_of_a_sum_and_of_a_maximum_is_a_term() -> None:
    found = by_term("def priority(a, b, c):\n    return max(a, b, 2 * c) + a + b\n")
    assert {"+ b", "+ a", "max with a", "max with b", "max with 2 * c", "* c", "2 *"} <= set(found)
    assert found["max with b"].source.endswith("return max(a, 2 * c) + a + b\n")


def test_a_long_sum_keeps_a_line_for_each_operand() -> None:
    terms = [f"0.{n} * feature_{n} / max(scale_{n}, 1)" for n in range(1, 6)]
    features = ", ".join(f"feature_{n}, scale_{n}" for n in range(1, 6))
    source = f"def priority({features}):\n    return (\n        " + "\n        + ".join(terms) + "\n    )\n"
    made = next(one for one in removals(source) if one.term.startswith("+ 0.5 *")).source
    assert made.endswith("    return (\n        " + "\n        + ".join(terms[:4]) + "\n    )\n")
    assert "feature_5" not in made


def test_a_guard_is_no_term_that_may_go() -> None:
    found = by_term("def priority(p, d, w):\n    return d / max(p, 1) + p / (w + d) + d / w\n")
    assert not found["max with 1"].safe  # p may be 0 elsewhere
    assert not found["w +"].safe
    assert found["+ d"].safe  # the program divides by w anyway
    assert found["/ max(p, 1)"].safe


MOVES = """def decide(obs):
    free, moves = obs["free"], []
    room = max(free) - obs["margin"]
    spare = room + 0 * obs["time"]
    weight = 2 * obs["load"]
    for request, length in obs["requests"]:
        if length + 1 <= spare:
            moves.append((request, weight + length))
    return sorted(moves, key=lambda move: 3 * move[1])
"""


def test_what_has_a_part_in_a_condition_is_told_apart() -> None:
    found = by_term(MOVES)
    bound = {term for term, one in found.items() if one.bound}
    assert {"- obs['margin']", "+ 0 * obs['time']", "+ 1", "if length + 1 <= spare: (always)"} <= bound
    assert {"2 *", "+ length", "3 *"} <= found.keys() - bound
    assert not any(one.bound for one in removals(RULE))  # a rule of arithmetic alone has nothing to break


HELPED = """def decide(obs):
    rooms = [free - 2 for free in obs["free"]]
    for room in rooms:
        if 0 < room:
            return fits(obs["load"] - 3, spare(obs) + 4)
    return 5 * obs["load"]


def spare(obs):
    return obs["spare"] - 6


def fits(length, room):
    return length if length <= room else 7 * length
"""


def test_conditions_are_followed_through_loops_and_helpers() -> None:
    found = by_term(HELPED)
    bound = {term for term, one in found.items() if one.bound}
    assert {"- 2", "- 3", "+ 4", "- 6"} <= bound
    assert "5 *" in found.keys() - bound


def test_statements_and_branches_of_a_program() -> None:
    found = by_term(PROGRAM)
    reversal = found["order = order[::-1]"]
    assert "shortest first" not in reversal.source
    assert '"""Longest first."""' in reversal.source
    assert reversal.safe
    assert "for a in range(3):" in found
    assert not found["if not jobs:"].safe  # an early return
    assert "[1:]" not in found["for a in range(3):"].source


@pytest.mark.parametrize(
    ("name", "program"),
    [("single_machine_tardiness", "atc"), ("job_shop", "fdd_mwkr"), ("lagrangian_multipliers", "polyak")],
)
def test_whatever_is_taken_out_of_known_programs_leaves_a_smaller_one(name: str, program: str) -> None:
    source = load_problem(name).baselines[program]
    before = ast.get_docstring(ast.parse(source))
    found = removals(source)
    assert len(found) > 3
    for one in found:
        compile(one.source, one.term, "exec")
        assert one.size == size(one.source) < size(source)
        assert ast.get_docstring(ast.parse(one.source)) == before
