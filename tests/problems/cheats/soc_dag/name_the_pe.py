"""Tries to know PEs by their row: counts the calls of an episode and prefers the PE that it takes for the first."""

EXPECT = "valid"
NO_BETTER_THAN = "etf"

calls = 0


def priority(eft, n_pes):
    global calls
    calls += 1
    return eft + (0 if calls % n_pes == 1 else 5)
