"""Takes the best item again and again."""

EXPECT = "illegal"


def solve(instance):
    best = max(range(len(instance["p"])), key=lambda j: instance["p"][j])
    return [best] * 3
