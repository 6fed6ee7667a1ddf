"""Sends a pickle that would run a command. Must be a protocol failure, and run nothing."""

EXPECT = {"default": "protocol"}
CREATES = ("@CANARY@.pickled",)

import os
import stat


def descriptors():
    for number in range(3, 64):
        try:
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                yield number
        except OSError:
            continue


import pickle


class Command:
    def __reduce__(self):
        return os.system, ("touch @CANARY@.pickled",)


def decide(observation):
    body = pickle.dumps({"ok": Command()})
    for number in descriptors():
        os.write(number, len(body).to_bytes(4, "big") + body)
    while True:
        pass
