"""Prints without end. Must cost its time limit, and only so much of it is kept."""

EXPECT = {"default": "timeout"}


def decide(observation):
    while True:
        print("x" * 1000)
