"""A table of a known batch: its requests as they were numbered, which is no more than a random order here."""

EXPECT = "valid"
NO_BETTER_THAN = "grouped"


def solve(instance):
    return {"order": list(range(len(instance["group"])))[::-1], "reserve": 0.0}
