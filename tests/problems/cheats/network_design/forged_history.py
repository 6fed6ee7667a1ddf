"""Writes a low total into the history that it was given and builds that set: nothing."""

EXPECT = "valid"
NO_BETTER_THAN = "nothing"


def decide(obs):
    if not obs["tried"]:
        return {"evaluate": []}
    obs["totals"][0] = 0.0
    obs["base"] = 0.0
    return {"build": obs["tried"][0]}
