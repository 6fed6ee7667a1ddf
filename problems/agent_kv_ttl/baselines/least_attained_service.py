"""Nothing is held; the program that has been served least goes first, as in Autellix (Luo et al., arXiv:2502.13965)."""


def decide(obs):
    if obs["ask"] == "ttl":
        return 0.0
    if obs["ask"] == "unpin":
        return 0
    rows = obs["waiting"]
    return sorted(range(len(rows)), key=lambda i: rows[i]["service"])
