"""Ends its process. Must be a crash."""

EXPECT = {"default": "crashed"}

import os


def decide(observation):
    os._exit(0)
