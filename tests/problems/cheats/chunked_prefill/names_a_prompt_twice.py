"""Names the same prompt twice, to prefill two chunks of it in one iteration, and one that is not shown."""

EXPECT = "illegal"


def decide(obs):
    return {"budget": 4096, "order": [0, 0], "decodes": True}
