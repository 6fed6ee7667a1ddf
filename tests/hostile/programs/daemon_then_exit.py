"""Leaves a daemon that holds the connection, and exits. Must cost no more than its time limit."""

EXPECT = {"default": ["timeout", "crashed"]}

import os
import time


def decide(observation):
    if os.fork() == 0:
        os.setsid()
        while True:
            time.sleep(1)
    os._exit(0)
