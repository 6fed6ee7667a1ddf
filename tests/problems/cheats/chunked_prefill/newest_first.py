"""Whoever has waited long is lost already: the newest prompts first, so that most first tokens come at once."""

EXPECT = "valid"
NO_BETTER_THAN = "sarathi"


def decide(obs):
    tokens = 512 if obs["slo"] <= 200 else 2048
    order = sorted(range(len(obs["left"])), key=lambda index: obs["waited"][index])
    return {"budget": max(0, tokens - obs["decoding"]), "order": order, "decodes": True}
