"""A negative reserve, for more memory than there is."""

EXPECT = "illegal"


def solve(instance):
    return {"order": list(range(len(instance["group"]))), "reserve": -1.0}
