"""Returns a negative multiplier, to climb back along the last gradient."""

EXPECT = "illegal"


def solve(instance):
    T = instance["T"]
    return [1 - t / T for t in range(T - 1)] + [-0.1]
