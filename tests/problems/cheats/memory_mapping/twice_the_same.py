"""Keeps one tensor twice, to be credited for the same uses twice."""

EXPECT = "illegal"


def solve(instance):
    for i, size in enumerate(instance["size"]):
        if 2 * size <= instance["capacity"] and len(instance["uses"][i]) > 1:
            last = len(instance["uses"][i]) - 1
            return [[i, 0, last, 0], [i, 0, last, size]]
    return [[-1, 0, 0, 0]]
