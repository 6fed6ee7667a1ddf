"""Sends lists that claim more items than there are bytes, nested. Must be a protocol failure."""

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
    bomb = b"\xdd\x00\x10\x00\x00" * 1000
    for number in descriptors():
        os.write(number, len(bomb).to_bytes(4, "big") + bomb)
    while True:
        pass
