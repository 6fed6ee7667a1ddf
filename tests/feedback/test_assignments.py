"""Assignments: concrete, different from call to call, and the same for the same seed."""

from __future__ import annotations

import re

import pytest

from evaluators.problem import problem_names
from evolve.feedback.assignments import assignment, expression_of
from evolve.statements import known_formulas, known_to_work
from tests.measured import loaded

FORMULA = "def priority(p, d, t):\n    return max(t + p, d) + 0.3 * p\n"


def drawn(name: str, operator: str, parents: list[str], count: int = 40) -> list[str | None]:
    problem = loaded(name)
    return [assignment(operator, problem, parents, [], f"7|{number}|0") for number in range(count)]


def test_the_same_seed_gives_the_same_and_others_give_others() -> None:
    first = drawn("single_machine_tardiness", "mutate", [FORMULA])
    assert first == drawn("single_machine_tardiness", "mutate", [FORMULA])
    assert len(set(first)) > 25


def test_a_rule_is_to_use_what_no_program_shown_uses() -> None:
    texts = [
        text or "" for text in drawn("job_shop", "explore", ["def priority(work_after):\n    return -work_after\n"])
    ]
    assert not any("`work_after`" in text for text in texts)
    assert all(text.count("no program above uses it") == 3 for text in texts)


def test_terms_are_those_of_the_parent() -> None:
    terms = {str(node) for _, node in expression_of(FORMULA).walk()}  # type: ignore[union-attr]
    for text in drawn("single_machine_tardiness", "mutate", [FORMULA]):
        for term in re.findall(r"the term `([^`]+)`", text or ""):
            assert term in terms


def test_what_is_the_same_for_all_items_is_never_just_added() -> None:
    scalars = {f.name for f in loaded("job_shop").evaluator.features if f.scalar}
    added = [text for text in drawn("job_shop", "mutate", [FORMULA], 200) if text and "Add a term" in text]
    assert added
    assert not any(f"`{name}`" in text for text in added for name in scalars)


@pytest.mark.parametrize("name", problem_names())
def test_a_search_that_is_behind_is_often_sent_to_what_is_known(name: str) -> None:
    problem = loaded(name)

    def shares(behind: bool) -> list[float]:
        drawn = [
            [
                assignment(operator, problem, [problem.initial], [], f"3|{number}|0", behind) or ""
                for number in range(80)
            ]
            for operator in ("explore", "mutate", "combine", "simplify")
        ]
        return [sum("the task names" in text for text in texts) / len(texts) for texts in drawn]

    explored, mutated, *others = shares(behind=True)
    if known_to_work(problem.statement):
        assert 0.4 < explored < 0.8
        assert 0.1 < mutated < 0.5
    else:
        assert explored == mutated == 0
    assert others == [0, 0]
    assert shares(behind=False) == [0, 0, 0, 0]


def test_a_known_formula_is_quoted_as_the_statement_has_it() -> None:
    problem = loaded("single_machine_tardiness")
    texts = [assignment("explore", problem, [problem.initial], [], f"3|{n}|0", True) or "" for n in range(200)]
    quoted = {found[1] for text in texts if (found := re.match(r"Start from `([^`]+)`", text))}
    assert quoted == {"d", "p", "max(t + p, d)", "p / p_max", "p / (t + p_mean)"}
    features = problem.evaluator.features
    assert known_formulas(problem.statement, features)["max(t + p, d)"] == 3
    assert known_formulas("What is known to work: `t`, `p + q`, `p - t`, `)`.\n\nRules: `d`.", features) == {"p - t": 2}


def test_conditions_have_numbers_or_values_and_no_free_choice() -> None:
    """Told of a threshold of its choice, a weak model takes `threshold` for one more value that it gets."""
    problem = loaded("job_shop")
    parent = "def priority(work_after, p):\n    return p - 0.4 * work_after\n"

    def texts(levels: dict[str, float] | None) -> list[str]:
        operators = ("mutate", "explore", "combine")
        return [
            assignment(
                one, problem, [problem.initial, parent][-1 - (one == "combine") :], [], f"7|{n}|0", behind, levels
            )
            or ""
            for one in operators
            for behind in (False, True)
            for n in range(60)
        ]

    every = texts(None) + texts({"queue": 156.0, "p": 33.5})
    assert not any("threshold" in text for text in every)
    assert any("where queue > 156" in text for text in texts({"queue": 156.0, "p": 33.5}))
    assert any("where p > 33.5" in text for text in texts({"p": 33.5}))
    names = "|".join(feature.name for feature in problem.evaluator.features if not feature.scalar)
    assert any(re.search(rf"where ({names}) > [\d.]+ \* ({names})\b", text) for text in texts(None))


def test_what_is_brought_in_is_not_there_yet() -> None:
    first = "def priority(work_after, queue_next):\n    return queue_next - 0.5 * work_after\n"
    last = "def priority(work_after, p):\n    return p - 0.4 * work_after\n"
    texts = [text or "" for text in drawn("job_shop", "combine", [first, last])]
    assert {found[1] for text in texts if (found := re.search(r"has the term `([^`]+)`", text))} == {"queue_next"}
    assert len(set(texts)) > 10
    same = [text or "" for text in drawn("job_shop", "combine", [last.replace("0.4", "0.3"), last])]
    assert not any("Program 1" in text for text in same)  # nothing to bring in: a change of the last program
    assert len(set(same)) > 10


@pytest.mark.parametrize("name", problem_names())
def test_every_problem_has_assignments_that_differ(name: str) -> None:
    problem = loaded(name)
    for operator, parents in (("mutate", [problem.initial]), ("explore", [problem.initial]), ("explore", [])):
        texts = drawn(name, operator, parents)
        assert None not in texts
        assert len(set(texts)) >= 6
        assert max(len(text or "") for text in texts) < 500
    best = max(problem.baselines.values(), key=len)
    assert all(drawn(name, "combine", [best, problem.initial]))


@pytest.mark.parametrize(
    "source", ["", "not python(", "def priority(p):\n    return p\n" * 2, "x = `", "def f(): pass"]
)
@pytest.mark.parametrize("operator", ["mutate", "explore", "combine", "tune", "simplify", "of my own"])
def test_no_program_is_too_odd(source: str, operator: str) -> None:
    for name in ("job_shop", "spot_instances", "broadcast_overlay"):
        drawn(name, operator, [source, source], 5)
