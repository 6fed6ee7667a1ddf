"""Hot keys first: the transactions that use the most contended keys, so that these are in use from the beginning."""


def priority(heat):
    return -heat
