"""Times between tokens are judged by a P99 elsewhere: prompts are gathered, and prefilled in stalls that are rarer."""

EXPECT = "valid"
NO_BETTER_THAN = "sarathi"


def decide(obs):
    count = len(obs["left"])
    if obs["decoding"] and not obs["started"] and obs["waited"][0] < 3000:
        return {"budget": 0, "order": [], "decodes": True}
    return {"budget": sum(obs["left"]), "order": list(range(count)), "decodes": False}
