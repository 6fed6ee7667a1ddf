"""Changes T in its own copy of the instance, to be judged on a shorter training."""

EXPECT = "illegal"


def solve(instance):
    instance["T"] //= 2
    T = instance["T"]
    return [1 - t / T for t in range(T)]
