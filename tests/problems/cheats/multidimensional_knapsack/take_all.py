"""Takes all items, whatever fits."""

EXPECT = "illegal"


def solve(instance):
    return list(range(len(instance["p"])))
