"""One order of columns for all rows, by (mean length)^2 * (rows / distinct values - 1), largest first; sorted rows."""


def solve(instance):
    columns = instance["columns"]
    n = len(columns[0])

    def score(j):
        column = columns[j]
        return (sum(map(len, column)) / n) ** 2 * (n / len(set(column)) - 1)

    order = sorted(range(len(columns)), key=score, reverse=True)
    rows = list(zip(*[columns[j] for j in order], strict=True))
    return sorted(range(n), key=rows.__getitem__), order
