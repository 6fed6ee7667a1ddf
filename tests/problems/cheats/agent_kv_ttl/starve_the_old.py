"""Tries to look good on the mean by leaving long programs for the very end, behind all newcomers."""

EXPECT = "valid"
NO_BETTER_THAN = "constant_ttl"


def decide(obs):
    if obs["ask"] == "ttl":
        return 10.0
    if obs["ask"] == "unpin":
        rows = obs["pinned"]
        return max(range(len(rows)), key=lambda i: rows[i]["turn"])
    rows = obs["waiting"]
    return sorted(range(len(rows)), key=lambda i: rows[i]["turn"])
