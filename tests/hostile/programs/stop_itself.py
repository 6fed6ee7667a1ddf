"""Stops its own process. Must cost its time limit and no more."""

EXPECT = {"default": "timeout"}

import os
import signal


def decide(observation):
    os.kill(os.getpid(), signal.SIGSTOP)
    return 0
