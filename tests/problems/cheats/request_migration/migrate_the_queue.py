"""Names requests that do not decode: the next number, which has not arrived yet."""

EXPECT = "illegal"


def decide(obs):
    if obs["event"] == "migrate":
        return [(10_000, 0)]
    return 0
