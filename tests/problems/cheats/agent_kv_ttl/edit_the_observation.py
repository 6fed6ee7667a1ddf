"""Tries to make room, and its programs young, by editing what it is shown."""

EXPECT = "valid"
NO_BETTER_THAN = "constant_ttl"


def decide(obs):
    obs["room"] = obs["capacity"] = 10**9
    for row in obs.get("waiting", []):
        row["need"] = row["prefill"] = 0
    if obs["ask"] == "ttl":
        return 10.0
    if obs["ask"] == "unpin":
        rows = obs["pinned"]
        return min(range(len(rows)), key=lambda i: rows[i]["age"])
    rows = obs["waiting"]
    return sorted(range(len(rows)), key=lambda i: (not rows[i]["pinned"], -rows[i]["age"]))
