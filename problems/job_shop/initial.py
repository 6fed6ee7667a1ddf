"""FIFO: the operation whose job came to the machine first."""


def priority(ready):
    return ready
