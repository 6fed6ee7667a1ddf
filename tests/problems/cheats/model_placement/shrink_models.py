"""Shrinks the models in place and widens the GPUs, then puts everything on the first one."""

EXPECT = "illegal"


def solve(instance):
    instance["memory"] = 10**9
    for name in ("size", "rate"):
        instance[name][:] = [0] * len(instance[name])
    return [0] * len(instance["size"])
