"""Names a request twice, to give it two tokens an iteration."""

EXPECT = "illegal"


def decide(obs):
    return [0, 0, *range(1, len(obs["priority"]))]
