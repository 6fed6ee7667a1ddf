"""Returns a list nested a thousand times. Must be a type error, and not overflow the host's stack."""

EXPECT = {"default": "type"}


def decide(observation):
    answer = []
    for _ in range(1000):
        answer = [answer]
    return answer
