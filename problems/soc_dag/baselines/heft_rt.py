"""HEFT-rt: tasks by decreasing upward rank, each on the PE that finishes it first; what DeepSoCS starts from (2020)."""


def priority(up, eft):
    return eft - 1e6 * up
