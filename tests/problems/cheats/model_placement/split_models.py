"""Spreads every model over two GPUs by naming a GPU in between."""

EXPECT = "illegal"


def solve(instance):
    gpus = instance["gpus"]
    return [j % (gpus - 1) + 0.5 for j in range(len(instance["size"]))]
