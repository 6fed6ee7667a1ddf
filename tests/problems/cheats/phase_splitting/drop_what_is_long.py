"""Names no machine for long prompts, so that they are dropped and the others are fast."""

EXPECT = "illegal"


def decide(obs):
    return (0, 0) if obs["prompt"] < 2000 else None
