"""Tries to hold caches for an infinite time."""

EXPECT = "illegal"


def decide(obs):
    if obs["ask"] == "ttl":
        return float("inf")
    if obs["ask"] == "unpin":
        rows = obs["pinned"]
        return min(range(len(rows)), key=lambda i: rows[i]["age"])
    rows = obs["waiting"]
    return sorted(range(len(rows)), key=lambda i: (not rows[i]["pinned"], -rows[i]["age"]))
