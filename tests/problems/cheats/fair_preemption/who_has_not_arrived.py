"""Names a request beyond those that have arrived, to prefill it in advance."""

EXPECT = "illegal"


def decide(obs):
    return list(range(len(obs["priority"]) + 1))
