"""Sets all prices and throughputs that it was given to its favour, in place, before it sends everything directly."""

EXPECT = "valid"
NO_BETTER_THAN = "direct"


def solve(instance):
    instance["price"][:] = 0.0
    instance["throughput"][:] = 1e9
    instance["egress"][:] = 1e9
    instance["delay_price"] = 0.0
    parent = [-1] * len(instance["price"])
    for region in instance["destinations"]:
        parent[region] = instance["source"]
    return [parent] * instance["partitions"]
