"""More groups than the model has layers: iterations that compute nothing of the prompt, and keep tokens on time."""

EXPECT = "illegal"


def decide(obs):
    return {"order": [0], "tokens": obs["left"][0], "groups": 10 * obs["layers"]}
