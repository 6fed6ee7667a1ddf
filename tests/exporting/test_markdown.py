"""Cards in Markdown, also of old cards; and the pages that are committed are what the cards say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from evaluators.problem import Problem, problem_names
from evolve.cards import found_by, read_card, standings
from evolve.exporting.markdown import escaped, fenced, markdown_card
from evolve.results import card_page, page, published
from tests.exporting.conftest import HOSTILE, Export

RESULTS = Path(__file__).parents[2] / "results"


def test_the_committed_pages_are_current() -> None:
    rows = published(RESULTS)
    without = sorted(set(problem_names()) - {row.problem for row in rows})
    assert (RESULTS / "README.md").read_text() == page(rows, without), "make it anew with: evolve results --write"
    for row in rows:
        assert row.path.with_suffix(".md").read_text() == card_page(row), "make it anew with: evolve results --write"


def test_old_cards_lack_what_came_later() -> None:
    card = read_card(RESULTS / "single_machine_tardiness" / "egkb48-38.json")
    del card["against_best_baseline"]
    test = next(one for one in standings(card) if one.split == "test")
    assert test.best is not None
    assert test.paper is not None
    assert (test.best[0], test.paper[0], test.mine.instances) == ("augmddc", "mddc", 140)
    assert test.against_best is None, "the card has no test against the best baseline"
    assert test.against_paper is not None
    assert found_by(card) == "qwen2.5-coder-1.5b"


def test_who_found_what_the_end_of_a_run_made() -> None:
    line = [{"by": "human"}, {"by": "big-model"}, {"by": "built-in"}]
    card = {"provenance": {"proposer": "built-in", "model": None, "lineage": line}}
    assert found_by(card) == "big-model; refined at the end of the run"
    assert found_by(card, brief=True) == "big-model, refined"
    assert found_by({"provenance": {"proposer": "built-in", "lineage": [{}]}}) == "the end of a run"
    assert found_by({"provenance": {"proposer": "another", "model": None}}) == "another"


def test_what_the_mutator_made_of_a_models_program_names_the_model() -> None:
    line = [{"by": "human"}, {"by": "mutator"}]
    alone = {"proposer": "mutator", "model": None, "lineage": line}
    assert found_by({"provenance": alone}) == "the built-in mutator, without a model"
    assert found_by({"provenance": {**alone, "writers": ["mutator", "human"]}}).endswith("without a model")
    mixed = {**alone, "writers": ["mutator", "small-model", "human"]}  # by the other parent, not in the line
    assert found_by({"provenance": mixed}) == "the built-in mutator, on programs by small-model"
    assert found_by({"provenance": mixed}, brief=True) == "mutator on small-model"
    older = {**alone, "lineage": [{"by": "human"}, {"by": "exchange"}, {"by": "mutator"}]}
    assert found_by({"provenance": older}).startswith("the built-in mutator, on programs by exchange of files")
    ended = {**mixed, "proposer": "built-in", "lineage": [*line, {"by": "built-in"}]}
    assert found_by({"provenance": ended}).endswith("on programs by small-model; refined at the end of the run")


def test_hostile_texts_are_shown_as_text(subject: Export, small: Problem) -> None:
    source = f"def priority(p):\n    x = '</code><script>`````'\n    return p  # {'`' * 4}\n"
    one = subject(small, source, measure=True, thought=HOSTILE, model=HOSTILE, operator=HOSTILE)
    text = markdown_card(one.card, one.source)
    head, program = text.split("## Program\n\n")
    assert "<script" not in head
    assert program == fenced(source) + "\n"
    assert program.startswith("``````python\n")
    assert all(c == "\n" or c.isprintable() for c in head)
    for row in re.findall(r"^\| .*", head, re.MULTILINE):
        assert len(re.findall(r"(?<!\\)\|", row)) in (6, 5, 8), "no cell breaks its table"


def test_escaping() -> None:
    assert escaped("a|b <i>*x*</i>\n_y_ `z`") == r"a\|b &lt;i&gt;\*x\*&lt;/i&gt; \_y\_ \`z\`"


def test_differences_have_tests(subject: Export, small: Problem) -> None:
    one = subject(small, "def priority(p, d, t):\n    return max(d, t + p)\n", measure=True)
    rows = standings(one.card)
    assert [row.split for row in rows] == small.splits
    for row in rows:
        assert row.best is not None
        assert row.against_best is not None
        assert row.best[0] == "edd", "the one baseline of this run"
        assert row.against_best["difference"] == pytest.approx(row.mine.gap - row.best[1].gap)
