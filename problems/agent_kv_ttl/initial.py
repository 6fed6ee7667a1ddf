"""Holds caches for two seconds; those that are held first, then those that have waited longest."""


def decide(obs):
    if obs["ask"] == "ttl":
        return 2.0
    if obs["ask"] == "unpin":
        rows = obs["pinned"]
        return max(range(len(rows)), key=lambda i: rows[i]["held_for"])
    rows = obs["waiting"]
    return sorted(range(len(rows)), key=lambda i: (not rows[i]["pinned"], -rows[i]["waited"]))
