"""Caches are held until the tool is back; programs whose cache is held first, then by the program's arrival."""


def decide(obs):
    if obs["ask"] == "ttl":
        return 86400.0
    if obs["ask"] == "unpin":
        rows = obs["pinned"]
        return min(range(len(rows)), key=lambda i: rows[i]["age"])
    rows = obs["waiting"]
    return sorted(range(len(rows)), key=lambda i: (not rows[i]["pinned"], -rows[i]["age"]))
