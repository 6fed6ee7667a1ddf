"""Sends its answer one byte at a time. Must cost its time limit and no more."""

EXPECT = {"default": "timeout"}

import os
import stat


def descriptors():
    for number in range(3, 64):
        try:
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                yield number
        except OSError:
            continue


import time


def decide(observation):
    for number in descriptors():
        os.write(number, (1000).to_bytes(4, "big"))
        while True:
            os.write(number, b"\x00")
            time.sleep(0.05)
