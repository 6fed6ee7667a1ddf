"""Never finishes being imported. Must cost its time limit and no more."""

EXPECT = {"default": "timeout"}

import time

time.sleep(3600)


def decide(observation):
    return 0
