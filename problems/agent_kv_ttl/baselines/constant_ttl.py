"""The best constant: caches are held for 10 s; those that are held first, then by the program's arrival."""


def decide(obs):
    if obs["ask"] == "ttl":
        return 10.0
    if obs["ask"] == "unpin":
        rows = obs["pinned"]
        return min(range(len(rows)), key=lambda i: rows[i]["age"])
    rows = obs["waiting"]
    return sorted(range(len(rows)), key=lambda i: (not rows[i]["pinned"], -rows[i]["age"]))
