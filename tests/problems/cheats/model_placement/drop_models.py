"""Places only the first half of the models."""

EXPECT = "illegal"


def solve(instance):
    n = len(instance["size"]) // 2
    return [j % instance["gpus"] for j in range(n)]
