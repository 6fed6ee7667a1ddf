"""Puts half of the models on GPU -1, which a list would take for the last one and a sum over GPUs would miss."""

EXPECT = "illegal"


def solve(instance):
    return [-1 if j % 2 else 0 for j in range(len(instance["size"]))]
