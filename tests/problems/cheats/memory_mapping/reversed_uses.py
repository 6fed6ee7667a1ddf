"""A stay that ends before it starts: a rectangle of negative length, which overlaps nothing."""

EXPECT = "illegal"


def solve(instance):
    return [[i, len(uses) - 1, 0, 0] for i, uses in enumerate(instance["uses"]) if len(uses) > 1]
