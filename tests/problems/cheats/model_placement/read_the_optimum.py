"""Looks for the references and the exact method; without them, the models go on the emptiest GPU, largest first."""

EXPECT = "valid"
NO_BETTER_THAN = "emptiest"

try:
    from evaluators.gpus import packing
except ImportError:
    packing = None


def solve(instance):
    gpus, size = instance["gpus"], instance["size"]
    if packing is not None:
        raise AssertionError("imported the evaluator")
    used = [0] * gpus
    placement = [0] * len(size)
    for j in sorted(range(len(size)), key=size.__getitem__, reverse=True):
        placement[j] = used.index(min(used))
        used[placement[j]] += size[j]
    return placement
