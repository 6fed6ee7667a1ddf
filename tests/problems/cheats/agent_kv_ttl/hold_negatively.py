"""Tries to be paid back for holding: a negative time to live."""

EXPECT = "illegal"


def decide(obs):
    if obs["ask"] == "ttl":
        return -5.0
    if obs["ask"] == "unpin":
        rows = obs["pinned"]
        return min(range(len(rows)), key=lambda i: rows[i]["age"])
    rows = obs["waiting"]
    return sorted(range(len(rows)), key=lambda i: (not rows[i]["pinned"], -rows[i]["age"]))
