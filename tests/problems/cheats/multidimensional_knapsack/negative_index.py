"""Names the same item once from the front and once from the back."""

EXPECT = "illegal"


def solve(instance):
    return [0, -len(instance["p"])]
