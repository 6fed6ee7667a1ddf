"""Follows a null pointer. Must be a crash."""

EXPECT = {"default": "crashed"}

import ctypes


def decide(observation):
    ctypes.string_at(0)
    return 0
