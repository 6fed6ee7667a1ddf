"""Reordering the rows of a table, and the cells of each row, so that prompts share prefixes: instances and verifier.

A language model is asked about every row of a table (Liu et al., Optimizing LLM queries in relational workloads,
arXiv:2403.05821). Its cache serves the beginning of a prompt that an earlier prompt has in common with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from evaluators.databases.prefix_cache import TERMINATOR, hits_of_any, hits_of_previous, most_hits
from evaluators.databases.tables import SHAPES, make_table
from evaluators.drawing import MARKS, Box, Drawing, titled
from evaluators.protocol import Evaluator, Illegal, Instance, Labels, Outcome, Reference

Columns = list[list[str]]

PROMPTS, LABEL = 40, 24  # of drawings: so many prompts, so many characters of a cell


class PrefixReordering(Evaluator):
    """A prompt is a row's cells, each followed by a newline; the cache holds the prompt before it.

    With a cache that holds every earlier prompt, the order of rows would not matter: what is not hit is the number of
    nodes of the prompts' trie. Sorted prompts reach the same with a cache of one prompt. So the best order of cells is
    the same for both, and `hit_any`, the figure of the larger cache, is never below `hit`.
    """

    measure = "missed share of the cache (1 - hit rate)"
    scale = "hit rate below a proven bound, percentage points"
    headline = ("hit", "hit_any")
    slow_reference = True

    def instances(self, split: str, *, rows: int, tables: int = 1, shapes: Sequence[str] = ()) -> list[Instance]:
        """`tables` tables of `rows` rows of each of the shapes (default: all)."""
        return [
            Instance(key := f"prefix|{split}|{shape}|{rows}|{k}", shape, make_table(key, shape, rows))
            for shape in shapes or SHAPES
            for k in range(tables)
        ]

    def reference(self, instance: Instance) -> Reference:
        """1 - a proven bound on the hit rate."""
        columns: Columns = instance.data
        return Reference(1.0 - most_hits(columns) / _characters(columns), "bound")

    def gap(self, instance: Instance, cost: float, reference: Reference) -> float:
        """100 (cost - bound): percentage points of hit rate. The bound's cost may be 0."""
        return 100.0 * (cost - reference.value)

    def question(self, instance: Instance, labels: Labels) -> dict[str, Any]:
        """The columns in a random order, each with its cells from the first row to the last; rows are shuffled, too."""
        row_of, column_of = _labels(instance, labels)
        return {"columns": [[instance.data[column][row] for row in row_of] for column in column_of]}

    def verify(self, instance: Instance, answer: Any, labels: Labels) -> Outcome:
        """The answer is a pair: an order of the rows, and for each row in that order an order of the columns, or one
        for all. Prompts are built from the evaluator's own table."""
        columns: Columns = instance.data
        row_of, column_of = _labels(instance, labels)
        n, m = len(row_of), len(column_of)
        if type(answer) not in (list, tuple) or len(answer) != 2:
            what = f"{len(answer)} items" if type(answer) in (list, tuple) else f"a {type(answer).__name__}"
            raise Illegal(f"solve returned {what}; expected two: the order of rows, and the orders of columns")
        rows = _permutation(_plain(answer[0]), n, "rows", "row")
        given = _plain(answer[1])
        if type(given) not in (list, tuple):
            raise Illegal(f"the orders of columns are a {type(given).__name__}; expected a list")
        if given and all(type(item) is int for item in given):
            orders = [_permutation(given, m, "columns", "column")] * n
        elif len(given) != n:
            raise Illegal(
                f"there are {len(given)} orders of columns; expected one for each of the {n} rows, or one list"
            )
        else:
            orders = [
                _permutation(_plain(order), m, f"columns at position {place}", "column")
                for place, order in enumerate(given)
            ]
        true_rows = [row_of[row] for row in rows]
        true_orders = [[column_of[column] for column in order] for order in orders]
        prompts = [
            "".join([columns[column][row] + TERMINATOR for column in order])
            for row, order in zip(true_rows, true_orders, strict=True)
        ]
        total = _characters(columns)
        hit, hit_any = sum(hits_of_previous(prompts)) / total, sum(hits_of_any(prompts)) / total
        return Outcome(1.0 - hit, {"hit": hit, "hit_any": hit_any}, decisions=[true_rows, true_orders])

    def draw(self, instance: Instance, outcome: Outcome) -> Drawing:
        """The first prompts, cell by cell: what each has in common with the one before it, and the rest."""
        columns: Columns = instance.data
        rows, orders = outcome.decisions
        shown = max(1, min(PROMPTS, len(rows), MARKS // (len(columns) + 1)))  # one cell may be a hit in part
        lanes = [f"prompt {place + 1}" for place in range(shown)]
        prompts = [
            [columns[column][row] + TERMINATOR for column in order]
            for row, order in zip(rows[:shown], orders[:shown], strict=True)
        ]
        hits = hits_of_previous(["".join(prompt) for prompt in prompts])
        boxes: list[Box] = []
        for lane, cells, order, hit in zip(lanes, prompts, orders[:shown], hits, strict=True):
            start = 0
            for column, cell in zip(order, cells, strict=True):
                end = start + len(cell)
                label = f"column {column}: {cell[:LABEL].strip()}"
                middle = min(max(start, hit), end)
                if start < middle:
                    boxes.append(Box(start, middle, lane, label=label, kind="hit"))
                if middle < end:
                    boxes.append(Box(middle, end, lane, label=label, kind="no hit"))
                start = end
        return Drawing("position in the prompt, characters", titled("prompts in order", shown, len(rows)), boxes, lanes)


def _labels(instance: Instance, labels: Labels) -> tuple[list[int], list[int]]:
    columns: Columns = instance.data
    return labels.permutation("row", len(columns[0])), labels.permutation("column", len(columns))


def _characters(columns: Columns) -> int:
    return sum(len(cell) + len(TERMINATOR) for column in columns for cell in column)


def _plain(value: Any) -> Any:
    """An array of integers as lists; anything else as it is."""
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "iu":
            raise Illegal(f"an array of {value.dtype} is no order; expected integers")
        return value.tolist()
    return value


def _permutation(order: Any, size: int, what: str, item: str) -> list[int]:
    """The order, if it holds each of 0 to size - 1 once. Raises Illegal."""
    if type(order) not in (list, tuple):
        raise Illegal(f"the order of {what} is a {type(order).__name__}; expected a list of {size} integers")
    if len(order) != size:
        raise Illegal(f"the order of {what} has {len(order)} items; expected {size}")
    seen = bytearray(size)
    for place, index in enumerate(order):
        if type(index) is not int:
            raise Illegal(f"the order of {what} holds a {type(index).__name__} at {place}; expected an integer")
        if not 0 <= index < size:
            raise Illegal(f"the order of {what} holds {item} {index}; {item}s are numbered 0 to {size - 1}")
        if seen[index]:
            raise Illegal(f"the order of {what} holds {item} {index} twice; the second time at {place}")
        seen[index] = 1
    return list(order)
