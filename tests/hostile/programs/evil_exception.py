"""Raises an error whose text never ends. Must cost its time limit and no more."""

EXPECT = {"default": "timeout"}


class Evil(Exception):
    def __str__(self):
        while True:
            pass


def decide(observation):
    raise Evil
