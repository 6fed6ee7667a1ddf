"""Returns True for 1 and False for 0, hoping that they count as other transactions."""

EXPECT = "illegal"


def solve(instance):
    return [False, True, *range(2, len(instance["transactions"]))]
