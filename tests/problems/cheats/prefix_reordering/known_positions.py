"""Uses the order of columns that is good if they stand as the tables were made: text third, and so on."""

EXPECT = "valid"
NO_BETTER_THAN = "static_columns"


def solve(instance):
    columns = instance["columns"]
    n, m = len(columns[0]), len(columns)
    order = {9: [2, 1, 0, 3, 4, 6, 5, 7, 8], 6: [1, 0, 2, 3, 4, 5], 8: [4, 3, 5, 6, 0, 7, 1, 2]}.get(m, list(range(m)))
    rows = list(zip(*[columns[j] for j in order], strict=True))
    return sorted(range(n), key=rows.__getitem__), order
