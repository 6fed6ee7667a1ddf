"""From replies to programs."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolve.replies import HINT_WORDS, Unparsed, hint_of, program_of, thought_of

RULE = "def priority(p, d):\n    return p\n"
PARENT = "def priority(p, d):\n    x = p\n    return x + d\n"


@pytest.mark.parametrize(
    "reply",
    [
        f"```python\n{RULE}```",
        f"Sure!\n\n```py\n{RULE}```\nIt is better because of p.",
        f"First\n```python\nprint(1)\n```\nthen\n```python\n{RULE}```\n```\n$ run it\n```",
        f"~~~python\n{RULE}~~~",
        f"```python\n{RULE}",  # the model stopped before the fence was closed
        RULE,
        f"Here it is:\n{RULE}",
        "   ```python\n   def priority(p, d):\n       return p\n   ```",
    ],
)
def test_finds_the_program(reply: str) -> None:
    assert program_of(reply, None, ["priority"]).strip() == RULE.strip()


def test_the_last_block_that_defines_the_function_counts() -> None:
    reply = f"```python\n{PARENT}```\nbetter:\n```python\n{RULE}```"
    assert program_of(reply, None, ["priority"]) == RULE


@pytest.mark.parametrize(("reply", "says"), [("", "empty"), ("I cannot do that.", "no code block"), ("  \n", "empty")])
def test_says_what_is_missing(reply: str, says: str) -> None:
    with pytest.raises(Unparsed, match=says):
        program_of(reply, None, ["priority"])


def edit(search: str, replace: str) -> str:
    return f"<<<<<<< SEARCH\n{search}\n=======\n{replace}\n>>>>>>> REPLACE\n"


def test_applies_edits_in_order() -> None:
    reply = "I change two places.\n" + edit("    x = p", "    x = 2 * p") + edit("    return x + d", "    return x")
    assert program_of(reply, PARENT, ["priority"]) == "def priority(p, d):\n    x = 2 * p\n    return x\n"


def test_an_edit_may_delete_lines_and_trailing_white_space_does_not_matter() -> None:
    reply = "<<<<<<< SEARCH\n    x = p   \n    return x + d\n=======\n    return d\n>>>>>>> REPLACE"
    assert program_of(reply, PARENT, ["priority"]) == "def priority(p, d):\n    return d\n"


@pytest.mark.parametrize(
    ("reply", "parent", "says"),
    [
        (edit("    y = p", "    y = 1"), PARENT, "not in the program"),
        (edit("    x = p", "    x = p"), PARENT, "change nothing"),
        (edit("", "    x = p"), PARENT, "empty"),
        (edit("    x = p", "    x = 1"), None, "no program to apply"),
    ],
)
def test_refuses_edits_that_do_not_apply(reply: str, parent: str | None, says: str) -> None:
    with pytest.raises(Unparsed, match=says):
        program_of(reply, parent, ["priority"])


@given(st.text())
def test_any_text_is_a_program_or_unparsed(reply: str) -> None:
    with contextlib.suppress(Unparsed):
        assert isinstance(program_of(reply, PARENT, ["priority"]), str)


def test_thought_is_the_first_docstring_line() -> None:
    assert thought_of('def priority(p):\n    """Short first.\n\n    More."""\n    return p') == "Short first."
    assert thought_of('"""Module."""\ndef priority(p): return p') == "Module."
    assert thought_of("def (") is None
    assert thought_of(None) is None


def test_a_hint_is_the_text_of_a_reply() -> None:
    assert hint_of(f"Look at\n\nthe slack.\n```python\n{RULE}```\nIt helps.") == "Look at the slack. It helps."
    assert hint_of("word " * 500) == " ".join(["word"] * HINT_WORDS)
    assert hint_of(None) is hint_of("") is hint_of(f"```python\n{RULE}") is None
