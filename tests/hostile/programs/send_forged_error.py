"""Sends an error of a kind and for an episode that there is not. Must be its own failure."""

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
    body = b"\x81\xa5error\x83\xa4kind\xa7timeout\xa7message\xa1x\xa7episode\xcd\xff\xff"
    for number in descriptors():
        os.write(number, len(body).to_bytes(4, "big") + body)
    while True:
        pass
