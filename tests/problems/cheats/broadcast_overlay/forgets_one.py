"""Leaves out the destination that is dearest to reach."""

EXPECT = "illegal"


def solve(instance):
    price, source = instance["price"], instance["source"]
    parent = [-1] * len(price)
    for region in instance["destinations"]:
        parent[region] = source
    parent[max(instance["destinations"], key=lambda v: price[source, v])] = -1
    return [parent] * instance["partitions"]
