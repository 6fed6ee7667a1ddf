"""Returns a dict that claims the total time beside the stays."""

EXPECT = "illegal"


def solve(instance):
    return {"stays": [], "latency": 0.0}
