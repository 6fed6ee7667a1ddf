"""FIFO: the instance that is released first (the initial program)."""


def priority(release):
    return release
