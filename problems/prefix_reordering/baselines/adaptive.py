"""An order of columns for each row, by the length of a cell times how often it occurs; then sorted rows."""

from collections import Counter


def solve(instance):
    columns = instance["columns"]
    n, m = len(columns[0]), len(columns)
    counts = [Counter(column) for column in columns]
    orders = []
    for i in range(n):
        cells = [columns[j][i] for j in range(m)]
        orders.append(sorted(range(m), key=lambda j: -(len(cells[j]) + 1) * (counts[j][cells[j]] - 1)))
    prompts = [[columns[j][i] for j in orders[i]] for i in range(n)]
    rows = sorted(range(n), key=prompts.__getitem__)
    return rows, [orders[i] for i in rows]
