"""Earliest start first, and among equal ones that whose hottest key most others still have to write."""


def priority(start, hottest):
    return start - 0.01 * hottest
