"""Times between tokens are judged by a P99 elsewhere: prompts are gathered, and prefilled in stalls that are rarer."""

EXPECT = "valid"
NO_BETTER_THAN = "layered"


def decide(obs):
    if obs["decoding"] and not obs["started"] and obs["waited"][0] < 1000:
        return {"order": [], "tokens": 0, "groups": 1}
    return {"order": list(range(len(obs["left"]))), "tokens": sum(obs["left"]), "groups": 1}
