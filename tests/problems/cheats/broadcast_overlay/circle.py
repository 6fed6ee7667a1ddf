"""Lets the destinations receive from each other in a circle, so that nothing leaves the dear source."""

EXPECT = "illegal"


def solve(instance):
    parent = [-1] * len(instance["price"])
    places = instance["destinations"]
    for region, before in zip(places, [places[-1], *places[:-1]], strict=True):
        parent[region] = before
    return [parent] * instance["partitions"]
