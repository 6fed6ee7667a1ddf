"""Returns -1, Python's last item. Must be illegal."""

EXPECT = {"default": "illegal"}


def decide(observation):
    return -1
