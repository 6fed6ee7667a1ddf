"""Changes the capacities in place, and takes all items."""

EXPECT = "illegal"


def solve(instance):
    for i in range(len(instance["b"])):
        instance["b"][i] = 10**9
        instance["r"][i][:] = [0] * len(instance["p"])
    return list(range(len(instance["p"])))
