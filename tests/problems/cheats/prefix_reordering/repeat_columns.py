"""Puts the column that repeats most in the place of the others, as padding with equal text would."""

EXPECT = "illegal"


def solve(instance):
    columns = instance["columns"]
    n, m = len(columns[0]), len(columns)
    often = min(range(m), key=lambda j: len(set(columns[j])))
    return list(range(n)), [[often] * m] * n
