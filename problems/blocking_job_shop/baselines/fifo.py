"""FIFO, the job that has waited longest for the machine (Panwalkar and Iskander, Operations Research 25, 1977)."""


def priority(ready):
    return ready
