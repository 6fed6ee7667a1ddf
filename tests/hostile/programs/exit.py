"""Leaves by sys.exit. Must be an exception like another."""

EXPECT = {"default": "exception"}

import sys


def decide(observation):
    sys.exit(0)
