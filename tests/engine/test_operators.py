"""Operators that would have nothing to work on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from evolve.operators import LEAST, WORK, worthwhile
from evolve.syntax import size
from tests.engine.conftest import Conducted
from tests.engine.test_model_path import options, proposals
from tests.fakes.openai_server import FakeServer
from tests.fakes.scripts import Step

VALUE = 'def priority(p):\n    """The least first."""\n    return -p\n'
SUM = "def priority(p, d):\n    return p + d\n"


@pytest.mark.parametrize(
    ("operator", "source", "instead"),
    [
        ("tune", VALUE, "mutate"),
        ("simplify", VALUE, "mutate"),
        ("tune", SUM, "tune"),
        ("simplify", SUM, "simplify"),
        ("explore", VALUE, "explore"),
        ("combine", VALUE, "combine"),
        ("tune", None, "tune"),
        ("tune", "def priority(", "tune"),
    ],
)
def test_a_single_value_is_neither_tuned_nor_simplified(operator: str, source: str | None, instead: str) -> None:
    assert worthwhile(operator, source) == instead


def test_a_model_is_not_asked_for_what_would_bring_back_the_same(
    openai_server: Callable[..., FakeServer], searched: Callable[..., Conducted], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All programs are single values here: without the rule some are to be tuned or simplified, with it none."""
    server = openai_server(lambda index, body: Step(text=f"```python\n{VALUE}```"))

    def asked() -> list[str]:
        ending, archive = searched(**options(server, candidates=40, tuning=0))
        parents = {one.id: one for one in archive.candidates_of(ending.run.id)}
        made = [one for one in proposals(archive, ending.run.id) if one.parents]
        assert made
        return [one.operator for one in made if size(parents[one.parents[-1]].source or "") < LEAST]

    assert not set(asked()) & set(WORK)
    monkeypatch.setattr("evolve.operators.worthwhile", lambda operator, source: operator)
    assert set(asked()) & set(WORK)
