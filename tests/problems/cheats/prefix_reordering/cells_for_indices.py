"""Returns a table of its own making instead of an order, every cell the same."""

EXPECT = "illegal"


def solve(instance):
    columns = instance["columns"]
    return list(range(len(columns[0]))), [["same"] * len(columns) for _ in columns[0]]
