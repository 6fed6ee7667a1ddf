"""Returns edges that bring their own prices along, which a verifier that believes the program's graph would charge."""

EXPECT = "illegal"


def solve(instance):
    edges = [[instance["source"], region, {"cost": 0.0, "throughput": 1e9}] for region in instance["destinations"]]
    return {"paths": [edges] * instance["partitions"]}
