"""Tries to read how long the tool will take."""

EXPECT = "exception"


def decide(obs):
    if obs["ask"] == "ttl":
        return obs["seconds"]
    if obs["ask"] == "unpin":
        rows = obs["pinned"]
        return min(range(len(rows)), key=lambda i: rows[i]["age"])
    rows = obs["waiting"]
    return sorted(range(len(rows)), key=lambda i: (not rows[i]["pinned"], -rows[i]["age"]))
