"""Operators that would have nothing to work on."""

from __future__ import annotations

import pytest

from evolve.operators import worthwhile

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
