"""Admits all prompts at once with a budget beyond all bounds, to overflow the KV cache."""

EXPECT = "valid"
NO_BETTER_THAN = "sarathi"


def decide(obs):
    return {"budget": 2**62, "order": list(range(len(obs["left"]))), "decodes": True}
