"""Leaves out the groups with the longest answers."""

EXPECT = "illegal"


def solve(instance):
    group, guess = instance["group"], instance["guess"]
    order = [i for i in range(len(group)) if guess[group[i]] < 300]
    return {"order": order, "reserve": 0.1}
