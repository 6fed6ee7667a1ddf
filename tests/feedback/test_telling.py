"""What the prompts of whole runs say, against a server that speaks the OpenAI protocol."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evaluators.problem import load_problem
from evolve.evaluation import EvaluationPool
from evolve.feedback.fitting import CHARACTERS, CONTEXT, PROMPT, REPLY
from evolve.feedback.teller import Teller, Told
from evolve.prompting import Prompts
from evolve.records import Message, Proposal
from tests.cli.conftest import Within
from tests.engine.conftest import Conducted
from tests.fakes.openai_server import FakeServer
from tests.fakes.scripts import Step
from tests.feedback.samples import EDD, MDD, candidate, results

FAILS = {
    3: Step(text="```python\ndef priority(p, d):\n    return p / (d - d)\n```"),
    5: Step(text="I would rather talk about the weather."),
    8: Step(text="```python\ndef priority(p, d):\n    while True: pass\n```"),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, tiny: Path) -> list[list[Message]]:
    """The prompts of a run of 24 candidates, some of which fail, with their repairs."""
    from evolve.archive import Archive
    from evolve.config import read_config
    from evolve.session import conduct, new_run
    from tests.engine.listening import Silent

    with (
        pytest.MonkeyPatch.context() as patch,
        FakeServer(lambda index, body: FAILS.get(index, Step())) as server,
        Archive.open(tmp_path_factory.mktemp("telling") / "a.db") as archive,
    ):
        patch.setenv("OPENAI_API_KEY", "test-key")
        model = {
            "models": ["fake-small"],
            "base_url": server.url,
            "strategy": "islands",
            "parallel": 1,
            "candidates": 24,
        }
        config = read_config(str(tiny), None, {"sandbox": "process", "tuning": 0, "polish": False, **model})
        run = new_run(config, archive)
        asyncio.run(conduct(run, archive, Silent()))
        return [messages for number in range(1, 25) for _, messages, _ in archive.completions(run.id, number)]


def test_all_prompts_of_a_run_begin_with_the_same_bytes(told: list[list[Message]]) -> None:
    assert len({messages[0].content for messages in told}) == 1
    assert "mddc" in told[0][0].content


def test_no_prompt_names_an_instance_or_speaks_of_other_splits(told: list[list[Message]], tiny: Path) -> None:
    problem = load_problem(str(tiny))
    keys = [instance.key for split in problem.splits for instance in problem.instances(split)]
    for messages in told:
        text = "\n".join(message.content for message in messages)
        assert not [key for key in keys if key in text]
        assert "validation" not in text
        assert "n=14" not in text
        assert "n=15" not in text


def test_prompts_and_conversations_stay_within_their_budgets(told: list[list[Message]]) -> None:
    for messages in told:
        most = PROMPT if len(messages) == 2 else CONTEXT - REPLY
        assert sum(len(message.content) for message in messages) <= most * CHARACTERS


def test_failures_are_told_by_kind_and_repairs_say_what_to_do(told: list[list[Message]]) -> None:
    last = told[-1][1].content
    repairs = "\n".join(messages[-1].content for messages in told if len(messages) > 2)
    assert "its algorithm went wrong: the program raised an exception" in repairs
    assert "return p / (d - d)" in repairs
    assert "Guard that line" in repairs
    assert "the reply holds no code block" in repairs
    assert "Keep the idea and do less work" in repairs
    assert "while True: pass` 100%" in repairs  # where its time went
    assert "- ZeroDivisionError" in last or "Recent programs" not in last


def test_where_a_parent_loses_is_told_with_the_first_parting(told: list[list[Message]]) -> None:
    shown = [m[1].content for m in told if "The program to improve" in m[1].content]
    assert any("They part at decision" in text and "puts first the item with" in text for text in shown)
    assert len({text[text.index("# Task") :] for text in shown}) > len(shown) // 2


@pytest.mark.parametrize(("strategy", "shown"), [("greedy", 2), ("best_of_n", 0)])
def test_examples_are_recorded_with_the_candidate_and_best_of_n_has_none(
    openai_server: Callable[..., FakeServer], searched: Callable[..., Conducted], strategy: str, shown: int
) -> None:
    server = openai_server()
    given = {"models": ["fake-small"], "base_url": server.url, "parallel": 1, "tuning": 0}
    ending, archive = searched(candidates=8, strategy=strategy, **given)
    last = archive.candidates_of(ending.run.id)[-1]
    assert last.number == 8
    assert len(last.inspirations) == shown
    (_, messages, _) = archive.completions(ending.run.id, 8)[0]
    assert messages[1].content.count("An example that is") == shown


@pytest.fixture
def teller(tiny: Path) -> Any:
    problem = load_problem(str(tiny))
    pool = EvaluationPool(problem, "process", "warm", 1)
    yield Teller(problem, pool, Prompts(), seed=3)
    pool.close()


def test_what_was_told_later_does_not_change_a_prompt(teller: Teller) -> None:
    """A life that was asked for earlier is told the same whenever its prompt is made."""
    parent = (candidate(1, 5.0, EDD), results(a=[5.0, 6.0], b=[1.0, 2.0]))
    before = teller.told
    first = asyncio.run(teller.prompt(candidate(9), [parent], [], before))
    failed = candidate(2, failure_kind="exception", failure_message="ValueError: later")
    teller.tell(failed)
    again = asyncio.run(teller.prompt(candidate(9), [parent], [], before))
    later = asyncio.run(teller.prompt(candidate(9), [parent], [], teller.told))
    assert first == again != later
    assert "ValueError: later" in later[1].content


def test_elites_are_the_best_of_each_shape(teller: Teller) -> None:
    for number, (gap, source) in enumerate([(3.0, MDD), (2.0, EDD), (1.0, MDD), (9.0, "def priority(p):\n return p")]):
        teller.tell(candidate(number, gap, source))
    assert [one[0] for one in teller.told.elites] == [1.0, 2.0, 9.0]
    assert teller.examples(Proposal("mutate", ("r-1",)), 0.0) == ("r-3", "r-2")
    assert Told() == Told((), ())


def test_the_first_prompt_of_a_run_can_be_seen(
    tiny: Path, tmp_path: Path, within: Within, refused: Callable[..., str]
) -> None:
    words = ("prompt", tiny, "--operator")
    system, user = json.loads(within(tmp_path, *words, "combine", "--sandbox", "process", "--json")[1])
    assert (system["role"], user["role"]) == ("system", "user")
    assert "## Program 2" in user["content"]
    assert "no operator 'dream'" in refused(tmp_path, *words, "dream")
    broken = tmp_path / "broken.py"
    broken.write_text("def priority(p):\n    return [][0]\n")
    repair = (*words, "repair", "--sandbox", "process")
    out = within(tmp_path, *repair, "--program", broken)[1]
    assert "IndexError" in out
    assert "----- assistant" in out
    assert "nothing to repair" in refused(tmp_path, *repair)
