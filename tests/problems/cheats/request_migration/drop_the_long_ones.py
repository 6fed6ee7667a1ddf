"""Names no engine for long prompts, so that they are dropped and the others are fast."""

EXPECT = "illegal"


def decide(obs):
    if obs["event"] == "migrate":
        return []
    return 0 if obs["prompt"] < 1000 else -1
