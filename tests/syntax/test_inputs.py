"""Features that a rule reads and does not take."""

from __future__ import annotations

import pytest

from evolve.syntax.inputs import with_inputs

FEATURES = ["p", "d", "t", "p_max", "max"]


@pytest.mark.parametrize(
    ("source", "signature"),
    [
        ("def priority(p, d):\n    return max(t + p, d)\n", "def priority(p, d, t):"),
        ("def priority(p: float):  # ünïcode\n    return p / p_max - t\n", "def priority(p: float, t, p_max):"),
        ("def priority(\n    p,\n    d,\n):\n    return d - t\n", "    d, t,"),
        ("é = 2\ndef priority(é_, p): return t - p\n", "def priority(é_, p, t): return t - p"),
        (
            "# a\u2028line of a text, not of a program\ndef priority(p): return t - p\n",
            "def priority(p, t): return t - p",
        ),
    ],
)
def test_what_is_missing_is_taken(source: str, signature: str) -> None:
    mended = with_inputs(source, FEATURES)
    assert signature in mended
    assert len(mended.splitlines()) == len(source.splitlines())
    assert with_inputs(mended, FEATURES) == mended


@pytest.mark.parametrize(
    "source",
    [
        "def priority(p, d):\n    return max(p, d)\n",  # a builtin of the same name as a feature
        "t = 3\ndef priority(p, d):\n    return d - t\n",
        "from math import e as t\ndef priority(p, d):\n    return d - t\n",
        "def t():\n    return 1\ndef priority(p, d):\n    return d - t()\n",
        "def priority(p, d):\n    t = p\n    return d - t\n",
        "def priority(p, d):\n    return (lambda t: t + p)(d)\n",
        "def priority(p, d=1):\n    return d - t\n",
        "def priority(*given):\n    return t\n",
        "def priority():\n    return t\n",
        "def priority(p, d):\n    return d - unknown\n",
        "def helper(p):\n    return t\n",
        "def priority(p, d:\n    return t\n",
    ],
)
def test_nothing_is_added_elsewhere(source: str) -> None:
    assert with_inputs(source, FEATURES) == source
