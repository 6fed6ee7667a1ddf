"""Names parents from the end of the list, -2 and so on, which an unchecked index would take for other regions."""

EXPECT = "illegal"


def solve(instance):
    n = len(instance["price"])
    parent = [-1] * n
    for region in instance["destinations"]:
        parent[region] = instance["source"] - n
    return [parent] * instance["partitions"]
