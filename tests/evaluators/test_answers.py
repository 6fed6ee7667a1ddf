"""Checks of answers that evaluators share."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators.answers import keyed, listed, numbered, plain
from evaluators.protocol import Illegal


@given(st.integers(1, 9), st.randoms(use_true_random=False), st.booleans())
def test_any_choice_of_different_indices_is_legal(count: int, rng: Any, array: bool) -> None:
    chosen = rng.sample(range(count), rng.randint(0, count))
    answer = np.array(chosen, dtype=int) if array else tuple(chosen)
    assert numbered(listed(plain(answer, "iu", "integers"), "a list"), count, "job", "is named twice") == chosen


@given(st.permutations(range(5)), st.integers(0, 4), st.sampled_from([True, 1.0, "1", None, -1, 5, [0], 2**70]))
def test_any_single_corruption_is_refused(order: list[Any], place: int, wrong: Any) -> None:
    with pytest.raises(Illegal, match=f"position {place} holds"):
        numbered([*order[:place], wrong, *order[place + 1 :]], 5, "job", "is named twice")


@pytest.mark.parametrize("answer", [np.zeros((2, 2), dtype=int), np.array(1), np.array([0.5]), np.array([True])])
def test_arrays_that_will_not_do(answer: Any) -> None:
    with pytest.raises(Illegal, match=rf"update 3: an array of {answer.dtype} and shape .*; expected 2 integers"):
        plain(answer, "iu", "2 integers", "update 3: ")


def test_what_is_no_list() -> None:
    for answer, kind in (("01", "str"), (None, "NoneType"), ({0: 1}, "dict"), (np.array(1), "int")):
        with pytest.raises(Illegal, match=f"solve must return a list, not a {kind}"):
            listed(answer, "a list")


def test_a_dict_has_all_of_its_keys_and_no_others() -> None:
    assert keyed({"a": 1, "b": 2}, {"a", "b"}, "two", "solve") == {"a": 1, "b": 2}
    for answer, reason in (({"a": 1}, "the keys a"), ({"a": 1, "b": 2, 3: 4}, "the keys a, b, 3"), ([1], "a list")):
        with pytest.raises(Illegal, match=f"solve returned {reason}; expected two"):
            keyed(answer, {"a", "b"}, "two", "solve")
