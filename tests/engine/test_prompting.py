"""Operators' templates: shipped, overridden, broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluators.problem import load_problem
from evolve.feedback import LONG_PROGRAM, Notebook, Shown
from evolve.prompting import PromptError, Prompts

OPERATORS = {"explore": 0, "mutate": 1, "combine": 2, "tune": 1, "simplify": 1}
MDD = Shown("def priority(p, d, t):\n    return max(t + p, d)\n", 12.3, [("tight", 20.0), ("loose", 4.6)])
EDD = Shown("def priority(d):\n    return d\n", 45.6)


def render(operator: str, parents: list[Shown], folders: list[Path] | None = None) -> list[str]:
    notebook = Notebook(standings=[("mdd", 12.3), ("edd", 45.6)])
    prompts = Prompts(folders or [])
    problem = load_problem("single_machine_tardiness")
    return [m.content for m in prompts.messages(operator, problem, notebook.context(parents, []))]


def test_operators_are_the_files() -> None:
    assert Prompts().offered() == OPERATORS
    assert set(Prompts().operators) == {*OPERATORS, "repair"}


@pytest.mark.parametrize(("operator", "parents"), OPERATORS.items())
def test_every_prompt_has_the_statement_the_parents_and_their_gaps(operator: str, parents: int) -> None:
    system, user = render(operator, [EDD, MDD][2 - parents :] if parents else [])
    assert "def priority(p, d, t, P_rem, p_max, p_mean, n_rem)" in system
    assert "mdd 12.3, edd 45.6" in user
    assert ("max(t + p, d)" in user) == (parents > 0)
    assert ("tight: 20; loose: 4.6" in user) == (parents > 0)
    assert "SEARCH" not in user


def test_prompts_share_their_beginning() -> None:
    assert render("mutate", [MDD])[0] == render("tune", [EDD])[0] == render("explore", [])[0]


def test_a_long_program_is_to_be_edited() -> None:
    long = Shown("def priority(p):\n" + "    p += 1\n" * LONG_PROGRAM + "    return p\n", 1.0)
    assert "<<<<<<< SEARCH" in render("mutate", [long])[1]


def test_a_folder_of_ones_own_overrides_and_adds(tmp_path: Path) -> None:
    (tmp_path / "mutate.md.jinja").write_text("+++\nparents = 1\nsummary = 'mine'\n+++\nMine: {{ parents[0].gap }}")
    (tmp_path / "dream.md.jinja").write_text("+++\nparents = 3\nsummary = 'new'\n+++\nDream.")
    assert render("mutate", [MDD], [tmp_path])[1] == "Mine: 12.3\n"
    assert Prompts([tmp_path]).offered() == OPERATORS | {"dream": 3}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("no front matter", "front matter is missing"),
        ("+++\nparents = 1\n+++\n", "summary"),
        ("+++\nparents = 'x'\nsummary = ''\n+++\n", "front matter"),
        ("+++\nparents = \n+++\n", "front matter"),
    ],
)
def test_broken_front_matter_is_one_line(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "mutate.md.jinja").write_text(text)
    with pytest.raises(PromptError, match=says) as error:
        Prompts([tmp_path])
    assert "mutate.md.jinja" in str(error.value)


def test_a_template_that_asks_for_what_there_is_not_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "mutate.md.jinja").write_text("+++\nparents = 1\nsummary = ''\n+++\n{{ nothing.here }}")
    with pytest.raises(PromptError, match=r"mutate\.md\.jinja.*nothing"):
        render("mutate", [MDD], [tmp_path])
