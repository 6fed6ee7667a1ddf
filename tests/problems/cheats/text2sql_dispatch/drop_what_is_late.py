"""Names no engine for long prompts, so that their queries are dropped and the others are in time."""

EXPECT = "illegal"


def decide(obs):
    return (-1 if obs["prompt"] > 9000 else 0), obs["now"]
