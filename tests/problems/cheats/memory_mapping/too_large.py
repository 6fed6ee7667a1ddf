"""Puts a tensor that is larger than the fast memory into it."""

EXPECT = "illegal"


def solve(instance):
    sizes = instance["size"]
    largest = max(range(len(sizes)), key=sizes.__getitem__)
    over = [largest, 0, len(instance["uses"][largest]) - 1, max(0, instance["capacity"] - sizes[largest] + 1)]
    return [over]
