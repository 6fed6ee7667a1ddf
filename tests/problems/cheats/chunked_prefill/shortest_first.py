"""Shortest prompt first: the usual way to a high "capacity" by median delay, which never sees long prompts."""

EXPECT = "valid"
NO_BETTER_THAN = "sarathi"


def decide(obs):
    tokens = 512 if obs["slo"] <= 200 else 2048
    order = sorted(range(len(obs["left"])), key=lambda index: obs["left"][index])
    return {"budget": max(0, tokens - obs["decoding"]), "order": order, "decodes": True}
