"""Strict checks of what candidates answer, in the words that proposers are told. A bool is no integer, 1.0 is none."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

import numpy as np

from evaluators.protocol import Illegal


def plain(answer: Any, kinds: str, expected: str, where: str = "") -> Any:
    """An array of one dimension as a list; anything else as it is. Raises Illegal for another array.

    kinds: the kinds of numpy's types that will do, as in "iuf". where: begins the reason, as in "update 3: ".
    """
    if not isinstance(answer, np.ndarray):
        return answer
    if answer.ndim != 1 or (answer.size and answer.dtype.kind not in kinds):
        raise Illegal(f"{where}an array of {answer.dtype} and shape {answer.shape}; expected {expected}")
    return answer.tolist()


def listed(answer: Any, expected: str) -> list[Any]:
    """The items of a list, a tuple or an array. `expected` says what `solve` must return. Raises Illegal."""
    if isinstance(answer, np.ndarray):
        answer = answer.tolist()
    if type(answer) not in (list, tuple):
        raise Illegal(f"solve must return {expected}, not a {type(answer).__name__}")
    return list(answer)


def keyed(answer: Any, keys: Set[str], expected: str, subject: str) -> dict[str, Any]:
    """The answer, if it is a dict with exactly these keys. Raises Illegal.

    subject: begins the reason, as in "decision 3: decide"; expected: what it should have returned.
    """
    if type(answer) is dict and set(answer) == keys:
        return answer
    what = f"the keys {', '.join(map(str, answer))[:80]}" if type(answer) is dict else f"a {type(answer).__name__}"
    raise Illegal(f"{subject} returned {what}; expected {expected}")


def numbered(items: list[Any], count: int, noun: str, twice: str) -> list[int]:
    """The items, if they are different integers from 0 to count - 1. Raises Illegal.

    noun: what is numbered, as in "job"; twice: what is wrong with one that is named again, as in "is scheduled twice".
    """
    seen: set[int] = set()
    for place, item in enumerate(items):
        if type(item) is not int:
            raise Illegal(f"position {place} holds a {type(item).__name__}; {noun} indices are integers")
        if not 0 <= item < count:
            raise Illegal(f"position {place} holds {noun} {item}; {noun}s are numbered 0 to {count - 1}")
        if item in seen:
            raise Illegal(f"{noun} {item} {twice}; the second time at position {place}")
        seen.add(item)
    return items
