"""Returns NaN for one step: every comparison with the loss is then false."""

EXPECT = "illegal"


def solve(instance):
    T = instance["T"]
    return [1 - t / T for t in range(T - 1)] + [float("nan")]
