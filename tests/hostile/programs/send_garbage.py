"""Finds the socket and writes bytes that are no message. Must be a protocol failure."""

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
        os.write(number, (64).to_bytes(4, "big") + b"\xdf\xff\xff\xff\xff" + bytes(59))
    return 0
