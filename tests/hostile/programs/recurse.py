"""Recurses until the stack ends. Must be a crash or an exception."""

EXPECT = {"default": ["crashed", "memory", "exception"]}

import sys

sys.setrecursionlimit(10**9)


def deeper(n):
    return max([n], key=deeper)


def decide(observation):
    return deeper(1)
