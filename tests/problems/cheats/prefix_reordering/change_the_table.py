"""Overwrites the cells that it was given, hoping that the score is counted on them."""

EXPECT = "valid"
NO_BETTER_THAN = "original_order"


def solve(instance):
    columns = instance["columns"]
    for column in columns:
        column[:] = ["same"] * len(column)
    return list(range(len(columns[0]))), list(range(len(columns)))
