"""Never answers. Must cost its time limit and no more."""

EXPECT = {"default": "timeout"}


def decide(observation):
    while True:
        pass
