"""Returns models of its own making, GPU by GPU, with sizes and rates of its own."""

EXPECT = "illegal"


def solve(instance):
    return {g: [{"size": 0, "rate": 0, "slo": 1}] for g in range(instance["gpus"])}
