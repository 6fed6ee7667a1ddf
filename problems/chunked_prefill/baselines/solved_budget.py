"""As many prompt tokens as make the last iteration of this answer last for a share of the target, by the cost model."""

import math

SHARE = 0.97
HOLD = 4


def decide(obs):
    c, done = obs["costs"], (obs["done"] or [0])[0]
    n = obs["decoding"]
    fixed = c["t0"] + c["l0"] + c["l1"] * n + c["kv"] * (obs["context"] + HOLD * n + done) + c["sequence"] * (n + 2)
    time = SHARE * obs["slo"] - fixed
    square = c["attention"] * (HOLD - 0.5)  # a chunk of x tokens is preceded by 3 x more when it is the fourth
    linear = c["l1"] + c["attention"] * done + c["kv"] * (HOLD - 1)
    budget = (math.sqrt(linear**2 + 4 * square * max(0.0, time)) - linear) / (2 * square)
    return {"budget": max(64, int(budget)), "order": list(range(len(obs["left"]))), "decodes": True}
