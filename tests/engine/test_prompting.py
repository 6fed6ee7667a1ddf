"""Operators' templates: shipped, overridden, broken."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from evaluators.problem import load_problem
from evolve.feedback.failures import Failures
from evolve.feedback.fitting import LONG_PROGRAM, Brief
from evolve.feedback.parents import ClassFigures, Shown
from evolve.feedback.rehearsing import rehearse
from evolve.prompting import PromptError, Prompts

OPERATORS = {
    "explore": 0, "mutate": 1, "combine": 2, "tune": 1, "simplify": 1,
    "common_idea": 2, "path": 2, "crossover": 2, "elitist": 1,
}  # fmt: skip
REFLECTIONS = {"crossover": "short_reflection", "elitist": "long_reflection"}
CLASSES = [ClassFigures("tight", 20.0, 8.0, "edd", 3), ClassFigures("loose", 4.6, 0.5, "edd", 3)]
MDD = Shown("def priority(p, d, t):\n    return max(t + p, d)\n", 12.3, CLASSES, thought="Late ones first.", size=7)
EDD = Shown("def priority(d):\n    return d\n", 45.6)
STANDINGS = [("mdd", 12.3), ("edd", 45.6)]


def render(operator: str, brief: Brief, folders: list[Path] | None = None) -> list[str]:
    prompts = Prompts(folders or [])
    problem = load_problem("single_machine_tardiness")
    return [m.content for m in prompts.messages(operator, problem, {**brief.context(), "standings": STANDINGS})]


def test_operators_are_the_files() -> None:
    assert Prompts().offered() == OPERATORS
    assert set(Prompts().operators) == {*OPERATORS, "repair", *REFLECTIONS.values()}
    assert {name: wanted for name in OPERATORS if (wanted := Prompts().reflection(name))} == REFLECTIONS


@pytest.mark.parametrize(("operator", "parents"), OPERATORS.items())
def test_every_prompt_has_the_statement_the_parents_and_their_gaps(operator: str, parents: int) -> None:
    system, user = render(operator, Brief([EDD, MDD][2 - parents :] if parents else []))
    assert "def priority(p, d, t, P_rem, p_max, p_mean, n_rem)" in system
    assert "mdd 12.3, edd 45.6" in system
    assert ("max(t + p, d)" in user) == (parents > 0)
    assert ("tight: 20 (edd 12); loose: 4.6 (edd 4.1)" in user) == (parents > 0)
    assert ("Its idea: Late ones first." in user) == (parents > 0)
    assert "SEARCH" not in user
    assert "\n\n\n" not in user


def test_prompts_share_their_beginning() -> None:
    assert render("mutate", Brief([MDD]))[0] == render("tune", Brief([EDD]))[0] == render("explore", Brief())[0]


def test_a_long_program_is_to_be_edited() -> None:
    long = Shown("def priority(p):\n" + "    p += 1\n" * LONG_PROGRAM + "    return p\n", 1.0)
    assert "<<<<<<< SEARCH" in render("mutate", Brief([long]))[1]


def test_examples_are_labelled_by_how_they_compare() -> None:
    user = render("mutate", Brief([MDD], [EDD, Shown("def priority(p):\n    return p\n", 1.0)]))[1]
    assert "## An example that is worse: mean gap 45.6\n" in user
    assert "## An example that is better: mean gap 1\n" in user


def test_failures_stand_in_their_two_kinds_and_the_assignment_in_the_task() -> None:
    brief = Brief([MDD], failures=Failures(["no code block"], ["p is 0 in `d / p`"]), assignment="Add `p`.")
    user = render("mutate", brief)[1]
    assert "could not be measured, because of\n- no code block\n" in user
    assert "ran and went wrong:\n- p is 0 in `d / p`\n" in user
    assert user.index("# Task") < user.index("Add `p`.")


def test_a_program_with_a_fence_inside_stays_in_its_own() -> None:
    user = render("mutate", Brief([Shown('"""```"""\ndef priority(p):\n    return p\n', 1.0)]))[1]
    assert '````python\n"""```"""' in user


def test_a_folder_of_ones_own_overrides_and_adds(tmp_path: Path) -> None:
    (tmp_path / "mutate.md.jinja").write_text("+++\nparents = 1\nsummary = 'mine'\n+++\nMine: {{ parents[0].gap }}")
    (tmp_path / "dream.md.jinja").write_text("+++\nparents = 3\nsummary = 'new'\n+++\nDream.")
    assert render("mutate", Brief([MDD]), [tmp_path])[1] == "Mine: 12.3\n"
    assert Prompts([tmp_path]).offered() == OPERATORS | {"dream": 3}


def test_a_reflection_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "mutate.md.jinja").write_text("+++\nparents = 1\nsummary = 'mine'\nreflect = 'long'\n+++\n")
    with pytest.raises(PromptError, match=r"mutate\.md\.jinja: reflect: there is no template 'long'"):
        Prompts([tmp_path])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("no front matter", "front matter is missing"),
        ("+++\nparents = 1\n+++\n", "summary"),
        ("+++\nparents = 'x'\nsummary = ''\n+++\n", "front matter"),
        ("+++\nparents = \n+++\n", "front matter"),
        ("+++\nparents = -1\nsummary = ''\n+++\n", "parents = -1: at least 0"),
        ("+++\nparents = 1\nsummary = ''\nweight = -2\n+++\n", "weight = -2: at least 0"),
    ],
)
def test_broken_front_matter_is_one_line(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "mutate.md.jinja").write_text(text)
    with pytest.raises(PromptError, match=says) as error:
        Prompts([tmp_path])
    assert "mutate.md.jinja" in str(error.value)


def test_a_template_that_asks_for_what_there_is_not_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "mutate.md.jinja").write_text("+++\nparents = 1\nsummary = ''\n+++\n{{ nothing.here }}")
    with pytest.raises(PromptError, match=r"mutate\.md\.jinja:5: .*nothing"):
        render("mutate", Brief([MDD]), [tmp_path])


@pytest.mark.parametrize(
    ("matter", "weights"),
    [("", {"shake": 1.0}), ("weight = 2.5", {"shake": 2.5}), ("weight = 0", {"shake": 0.0}), ("strategy = false", {})],
)
def test_operators_of_ones_own_have_a_weight(tmp_path: Path, matter: str, weights: dict[str, float]) -> None:
    assert Prompts().weights == {}, "so that runs without any are what they were"
    (tmp_path / "mutate.md.jinja").write_text("+++\nparents = 1\nsummary = 'mine'\n+++\nMine.")
    (tmp_path / "shake.md.jinja").write_text(f"+++\nparents = 1\nsummary = 'new'\n{matter}\n+++\nShake.")
    assert Prompts([tmp_path]).weights == weights


def test_a_template_that_takes_the_place_of_a_shipped_one_may_have_a_weight(tmp_path: Path) -> None:
    (tmp_path / "path.md.jinja").write_text("+++\nparents = 2\nsummary = 'mine'\nweight = 0.5\n+++\nMine.")
    assert Prompts([tmp_path]).weights == {"path": 0.5}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{{ nothing.here }}", "shake.md.jinja:5: UndefinedError: 'nothing' is undefined"),
        ("\n{% if plan %}{{ 1 / 0 }}{% endif %}", "shake.md.jinja:6: ZeroDivisionError"),
        ("{% if %}", "shake.md.jinja:5: TemplateSyntaxError"),
        ("{{ parents[1].gap }}", "shake.md.jinja:5: UndefinedError: list object has no element 1"),
    ],
)
def test_templates_are_rehearsed(tmp_path: Path, text: str, says: str) -> None:
    problem = load_problem("single_machine_tardiness")
    rehearse(Prompts([tmp_path]), problem)
    (tmp_path / "shake.md.jinja").write_text(f"+++\nparents = 1\nsummary = 'new'\n+++\n{text}")
    with pytest.raises(PromptError, match=re.escape(says)):
        rehearse(Prompts([tmp_path]), problem)
