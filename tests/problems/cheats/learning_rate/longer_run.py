"""Returns twice as many multipliers, to train for longer."""

EXPECT = "illegal"


def solve(instance):
    T = 2 * instance["T"]
    return [1 - t / T for t in range(T)]
