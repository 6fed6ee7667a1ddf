"""Reports a makespan of 0 and no schedule, which an evaluator that trusts the figure would score 100."""

EXPECT = "illegal"


def solve(instance):
    return 0, []
