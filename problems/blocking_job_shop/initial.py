"""FIFO: the job that has waited longest for the machine."""


def priority(ready):
    return ready
