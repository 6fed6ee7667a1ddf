"""FIFO, the job that came to the machine first (Panwalkar and Iskander, Operations Research 25, 1977)."""


def priority(ready):
    return ready
