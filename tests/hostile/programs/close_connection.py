"""Closes the connection and lives on. Must be a crash, at once."""

EXPECT = {"default": "crashed"}

import os
import time


def decide(observation):
    os.closerange(3, 64)
    time.sleep(3600)
