"""Makes the instance harmless in place, and accepts everything."""

EXPECT = "valid"
NO_BETTER_THAN = "accept_all"


def solve(instance):
    n = len(instance["c"])
    instance["C"], instance["Gamma"] = 10**9, 0.0
    instance["phat"][:] = [0] * n
    instance["c"][:] = [0] * n
    return [1] * n
