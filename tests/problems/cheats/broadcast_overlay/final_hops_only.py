"""Names only the last hop to each destination, from a cheap relay to which nothing is sent (published as a record)."""

EXPECT = "illegal"


def solve(instance):
    price, source = instance["price"], instance["source"]
    outside = [v for v in range(len(price)) if v != source and v not in instance["destinations"]]
    relay = min(outside, key=lambda v: price[v].sum())
    parent = [-1] * len(price)
    for region in instance["destinations"]:
        parent[region] = relay
    return [parent] * instance["partitions"]
