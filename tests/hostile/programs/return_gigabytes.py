"""Returns more than a message may hold. Must fail by its own memory limit or by the frame's."""

EXPECT = {"default": ["protocol", "memory", "type", "timeout", "crashed"]}


def decide(observation):
    return [bytes(1 << 20)] * 100
