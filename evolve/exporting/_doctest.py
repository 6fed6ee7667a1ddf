"""An example as a doctest that passes on other machines: numbers rounded, answers compared as data."""

from __future__ import annotations

import math
import pprint
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from evaluators.example import Example

LONGEST = 30_000  # characters; a longer example is none that anyone reads
WIDTH = 100
PLACES = 6  # significant digits
CLOSE = """\
def close(a, b):
    if isinstance(b, dict):
        return a.keys() == b.keys() and all(close(a[key], b[key]) for key in b)
    if isinstance(b, list):
        return len(a) == len(b) and all(map(close, a, b))
    return isclose(a, b, rel_tol=1e-6, abs_tol=1e-6) if isinstance(b, float) else bool(a == b)"""


def doctest_of(example: Example, by_position: bool, numpy: bool) -> list[str] | None:
    """The lines of a doctest; None where they would be too many.

    by_position: a priority rule takes its features so alone. numpy: the program may answer with numbers of numpy's.
    """
    if example.function == "priority":
        statements, expected = _rows(example, by_position)
    elif example.function == "priorities":
        statements, expected = _columns(example)
    else:
        statements, expected = _answer(example, numpy)
    if _needs(example.asked, float) and not all(map(math.isfinite, _floats([example.asked, example.answer]))):
        statements.insert(0, "from math import inf, nan")
    if "np." in "".join(statements):
        statements.insert(0, "import numpy as np")
    lines = [line for statement in statements for line in _prompted(statement)] + [expected]
    return lines if sum(map(len, lines)) <= LONGEST else None


def _rows(example: Example, by_position: bool) -> tuple[list[str], str]:
    rows = [
        {name: value[row] if isinstance(value, list) else value for name, value in example.asked.items()}
        for row in range(example.rows)
    ]
    table = "table = [\n" + "".join(f"    {_plain(row)},\n" for row in rows) + "]"
    call = "priority(*row.values())" if by_position else "priority(**row)"
    places = _places(example.answer)
    return [table, f"[{_rounded(call, places)} for row in table]"], _shown(example.answer, places)


def _columns(example: Example) -> tuple[list[str], str]:
    columns = {name: np.array(value) if isinstance(value, list) else value for name, value in example.asked.items()}
    places = _places(example.answer)
    asked = f"[{_rounded('value', places)} for value in priorities(**table)]"
    return [_assigned("table", columns), asked], _shown(example.answer, places)


def _answer(example: Example, numpy: bool) -> tuple[list[str], str]:
    name = "instance" if example.function == "solve" else "observation"
    call, answer = f"{example.function}({name})", example.answer
    asked = _assigned(name, example.asked)
    if isinstance(answer, float) and math.isfinite(answer):
        places = _places([answer])
        return [asked, _rounded(call, places)], repr(round(answer, places) + 0.0)
    if (answer is None or isinstance(answer, str | int)) and not numpy:
        return [asked, call], "None" if answer is None else repr(answer)
    compared = f"close({call}, {_plain(_listed(answer), WIDTH - 20)})"
    return ["from math import isclose", CLOSE, asked, compared], "True"


def _assigned(name: str, values: Any) -> str:
    """`name = {…}`, an entry on a line of its own."""
    entries = [f"    {key!r}: {_literal(value)},\n" for key, value in values.items()]
    return f"{name} = {{\n" + "".join(entries) + "}"


def _literal(value: Any) -> str:
    """A Python expression that makes a value; arrays as `np.array`."""
    if isinstance(value, np.ndarray):
        made = np.array(value.tolist())
        same = made.dtype == value.dtype and made.shape == value.shape
        kind = "" if same else f", dtype={str(value.dtype)!r}"
        shaped = "" if made.shape == value.shape else f".reshape({value.shape})"
        return f"np.array({_plain(value.tolist())}{kind}){shaped}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {_literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list) and _needs(value, np.ndarray):
        return "[" + ", ".join(map(_literal, value)) + "]"
    return _plain(value)


def _plain(value: Any, width: int = WIDTH) -> str:
    return pprint.pformat(value, width=width, compact=True, sort_dicts=False)


def _listed(value: Any) -> Any:
    """An answer as plain data: arrays as lists."""
    if isinstance(value, dict):
        return {key: _listed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_listed(item) for item in value]
    return value.tolist() if isinstance(value, np.ndarray) else value


def _needs(value: Any, kind: type) -> bool:
    if isinstance(value, dict):
        return any(_needs(item, kind) for item in value.values())
    if isinstance(value, list):
        return any(_needs(item, kind) for item in value)
    return isinstance(value, kind) or (kind is float and isinstance(value, np.ndarray) and value.dtype.kind == "f")


def _floats(value: Any) -> Iterator[float]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, np.ndarray):
        yield from value.astype(float).ravel().tolist()
    elif isinstance(value, list):
        for item in value:
            yield from _floats(item)
    elif isinstance(value, float):
        yield value


def _places(values: Sequence[float]) -> int:
    """Decimal places to which values are rounded: PLACES significant digits of the largest, or as many fewer or more as
    keep every value away from where rounding would turn on its last bits."""
    scale = max(map(abs, values), default=0.0)
    most = PLACES - 1 - math.floor(math.log10(scale)) if scale else PLACES
    slack = 1e-9 * scale
    for places in (most, most - 1, most - 2, most - 3, most + 1, most + 2):
        if all(round(value - slack, places) == round(value + slack, places) for value in values):
            return places
    return most


def _rounded(call: str, places: int) -> str:
    """Rounded, and no negative zero."""
    return f"round(float({call}), {places}) + 0.0"


def _shown(values: Sequence[float], places: int) -> str:
    return repr([round(value, places) + 0.0 for value in values])


def _prompted(statement: str) -> list[str]:
    first, *rest = statement.splitlines()
    return [f">>> {first}", *(f"... {line}" for line in rest)]
