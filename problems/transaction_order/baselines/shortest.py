"""Shortest transaction first."""


def priority(length):
    return length
