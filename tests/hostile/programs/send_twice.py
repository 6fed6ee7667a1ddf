"""Answers twice, to be ahead by one message. Must be a protocol failure."""

EXPECT = {"default": ["protocol", "type"]}

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
    body = b"\x81\xa2ok\x91\x00"
    frame = len(body).to_bytes(4, "big") + body
    for number in descriptors():
        os.write(number, frame + frame)
    return 0
