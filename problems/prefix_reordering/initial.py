"""An order of columns for each row, by how often a cell's value occurs and how long it is; then sorted rows."""

from collections import Counter


def solve(instance):
    columns = instance["columns"]
    n, m = len(columns[0]), len(columns)
    worths = []
    for column in columns:
        counts = Counter(column)
        mean = sum(map(len, column)) / n
        worths.append({cell: worth(len(cell), count, mean, len(counts), n) for cell, count in counts.items()})
    orders = []
    prompts = []
    for cells in zip(*columns, strict=True):
        order = sorted(range(m), key=lambda j: -worths[j][cells[j]])
        orders.append(order)
        prompts.append([cells[j] for j in order])
    rows = sorted(range(n), key=prompts.__getitem__)
    return rows, [orders[row] for row in rows]


def worth(length, count, mean, distinct, n):
    """The cell with the largest value comes first in its row."""
    repeats = n / distinct
    share = count / n
    return share * length + 0.1 * repeats + 0.01 * mean
