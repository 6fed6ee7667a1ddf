"""Places tensors below address 0, where there is always room."""

EXPECT = "illegal"


def solve(instance):
    return [[i, 0, len(uses) - 1, -instance["size"][i]] for i, uses in enumerate(instance["uses"])]
