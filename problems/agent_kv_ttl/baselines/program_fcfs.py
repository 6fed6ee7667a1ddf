"""Nothing is held while a tool runs; programs are served in the order in which they arrived."""


def decide(obs):
    if obs["ask"] == "ttl":
        return 0.0
    if obs["ask"] == "unpin":
        return 0
    rows = obs["waiting"]
    return sorted(range(len(rows)), key=lambda i: -rows[i]["age"])
