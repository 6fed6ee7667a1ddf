"""Rules that are turned round."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given

from evolve.syntax.reversal import reversed_rule
from tests.syntax.programs import expressions


def value(source: str, **features: float) -> Any:
    scope: dict[str, Any] = {}
    exec(source, scope)
    return scope["priority"](**features)


@pytest.mark.parametrize(
    ("source", "turned"),
    [
        ("def priority(p):\n    return p\n", "def priority(p):\n    return -(p)\n"),
        ("def priority(p):\n    return -p  # ünï\n", "def priority(p):\n    return p  # ünï\n"),
        ("def priority(p):\n    return-p\n", "def priority(p):\n    return p\n"),
        ("def priority(p):\n    return -(p +\n      1)\n", "def priority(p):\n    return (p +\n      1)\n"),
        ("def priority(p):\n    return (\n        p\n        + 1\n    )\n", None),
        ("def priority(p):\n    'é'\n    if p > 1: return p\n    return 2 * p if p else 0\n", None),
        (
            "def priority(p):\n    def inner(x):\n        return x * x\n    return inner(p) - (lambda q: -q)(p)\n",
            None,
        ),
        ("é = 2\ndef priority(p): return é * p\n", None),
    ],
)
def test_the_sign_is_turned_and_nothing_else(source: str, turned: str | None) -> None:
    found = reversed_rule(source)
    assert found is not None
    assert turned is None or found == turned
    assert len(found.splitlines()) == len(source.splitlines())
    for p in (0.5, 3.0):
        assert value(found, p=p) == -value(source, p=p)


@given(expressions())
def test_any_rule_and_back_again(expression: str) -> None:
    source = f"def priority(p, d, t):\n    return {expression}\n"
    found = reversed_rule(source)
    assert found is not None
    back = reversed_rule(found)
    assert back is not None
    try:
        first = value(source, p=3.5, d=20.0, t=7.25)
    except (ZeroDivisionError, OverflowError):
        return
    if not math.isnan(first):
        assert value(found, p=3.5, d=20.0, t=7.25) == -first
        assert value(back, p=3.5, d=20.0, t=7.25) == first


def test_what_returns_nothing_cannot_be_turned() -> None:
    assert reversed_rule("def priority(p):\n    pass\n") is None
    assert reversed_rule("def priority(p):\n    return\n") is None
    assert reversed_rule("x = 1\n") is None
    with pytest.raises(SyntaxError):
        reversed_rule("def priority(p:\n")
