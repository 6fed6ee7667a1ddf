"""Forks without end. Must neither outlive its limit nor starve the next candidate."""

EXPECT = {"default": "timeout"}
BOMB = True

import os


def decide(observation):
    while True:
        try:
            os.fork()
        except OSError:
            pass
