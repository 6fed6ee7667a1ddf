"""One order of columns for all rows, the column with the fewest distinct values first; then sorted rows."""


def solve(instance):
    columns = instance["columns"]
    order = sorted(range(len(columns)), key=lambda j: len(set(columns[j])))
    rows = list(zip(*[columns[j] for j in order], strict=True))
    return sorted(range(len(rows)), key=rows.__getitem__), order
