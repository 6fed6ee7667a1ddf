"""Returns row numbers as fractions that round to distinct rows one way and to the same row another way."""

EXPECT = "illegal"


def solve(instance):
    columns = instance["columns"]
    n = len(columns[0])
    return [0.4 * i / n for i in range(n)], list(range(len(columns)))
