"""Fills the entries that count for nothing: a parent of the source, circles of regions that take no part."""

EXPECT = "valid"
NO_BETTER_THAN = "direct"


def solve(instance):
    n = len(instance["price"])
    parent = [(v + 1) % n for v in range(n)]
    for region in instance["destinations"]:
        parent[region] = instance["source"]
    return [parent] * instance["partitions"]
