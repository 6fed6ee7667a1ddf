"""Names the last tensor by -1, as Python lists allow."""

EXPECT = "illegal"


def solve(instance):
    return [[-1, 0, 0, 0]]
