"""A reserve that is no number compares with nothing."""

EXPECT = "illegal"


def solve(instance):
    return {"order": list(range(len(instance["group"]))), "reserve": float("nan")}
