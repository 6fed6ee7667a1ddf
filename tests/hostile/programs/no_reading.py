"""Stops reading while the host wants to send. Must cost its time limit and no more."""

EXPECT = {"default": "timeout"}
FORM = "solve"

import time

time.sleep(3600)


def solve(instance):
    return list(range(len(instance["time"])))
