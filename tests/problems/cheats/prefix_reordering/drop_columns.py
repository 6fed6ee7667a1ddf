"""Leaves out the columns with unique cells, which are never hit."""

EXPECT = "illegal"


def solve(instance):
    columns = instance["columns"]
    n = len(columns[0])
    return list(range(n)), [j for j, column in enumerate(columns) if len(set(column)) < 0.5 * n]
