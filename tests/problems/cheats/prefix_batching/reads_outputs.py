"""Tries to read how long answers will be."""

EXPECT = "exception"


def solve(instance):
    output = instance["output"]
    return {"order": sorted(range(len(output)), key=lambda i: -output[i]), "reserve": 0.0}
