"""All prompts at once, with tokens beyond all bounds, to overflow the KV cache."""

EXPECT = "valid"
NO_BETTER_THAN = "layered"


def decide(obs):
    return {"order": list(range(len(obs["left"]))), "tokens": 2**62, "groups": 1}
