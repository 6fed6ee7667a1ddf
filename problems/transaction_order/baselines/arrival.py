"""Arrival order: equal priorities leave the transactions as they were submitted."""


def priority():
    return 0.0
