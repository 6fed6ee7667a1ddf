"""Least delay: the transaction that waits little itself and moves the starts of the others least."""


def priority(start, delay, n_rem):
    return start + delay / n_rem
