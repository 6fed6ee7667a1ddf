"""Ignores every signal and every exception. Must be killed all the same."""

EXPECT = {"default": "timeout"}

import signal

for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass


def decide(observation):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
