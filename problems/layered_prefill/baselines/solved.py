"""The first prompt in as few iterations as the target allows, by the cost model: in groups of layers, or in chunks."""

import math

SHARE = 0.97
LEAST = 512  # tokens of an iteration, whatever the target


def products(c, n):
    """Read the weights that n tokens need, or compute them, whichever takes longer."""
    touched = c["experts"] * (1 - (1 - c["active"] / c["experts"]) ** n)
    return max(c["w"] + c["expert"] * touched, c["l1"] * n) if n else 0.0


def decide(obs):
    c, n, left, done = obs["costs"], obs["decoding"], obs["left"][0], obs["done"][0]
    alone = products(c, n)
    spare = SHARE * obs["slo"] - c["t0"] - c["kv"] * obs["context"] - c["sequence"] * (n + 1) - alone

    def passing(tokens):
        """What these tokens of the prompt add to the iterations of a pass, all together."""
        before = done + left - tokens  # the last chunk is the longest
        return products(c, n + tokens) - alone + c["attention"] * tokens * (before + tokens / 2) + c["kv"] * before

    most = math.ceil(left / LEAST)
    groups = min(obs["layers"], most, math.ceil(passing(left) / max(spare, 0.01)))
    chunks = next((count for count in range(1, most) if passing(math.ceil(left / count)) <= spare), most)
    if chunks < groups:
        return {"order": list(range(len(obs["left"]))), "tokens": math.ceil(left / chunks), "groups": 1}
    return {"order": [0], "tokens": left, "groups": max(1, groups)}
