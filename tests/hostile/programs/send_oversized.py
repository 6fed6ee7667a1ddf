"""Announces a message of four gigabytes. Must be a protocol failure, and allocate nothing."""

EXPECT = {"default": "protocol"}

import os
import stat


def descriptors():
    for number in range(3, 64):
        try:
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                yield number
        except OSError:
            continue


def decide(observation):
    for number in descriptors():
        os.write(number, b"\xff\xff\xff\xff")
    while True:
        pass
