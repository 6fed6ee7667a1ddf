"""Lets one tensor start at the step at which another ends, at the same address, as if bounds of time did not count."""

EXPECT = "illegal"


def solve(instance):
    size, uses, capacity = instance["size"], instance["uses"], instance["capacity"]
    fits = [i for i in range(len(size)) if size[i] <= capacity and len(uses[i]) > 1]
    for i in fits:
        for j in fits:
            if i != j and uses[i][-1] == uses[j][0]:
                return [[i, 0, len(uses[i]) - 1, 0], [j, 0, len(uses[j]) - 1, 0]]
    return [[-1, 0, 0, 0]]
