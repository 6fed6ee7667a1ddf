def decide(obs):
    """The share with the least squared lateness, the worse of first token and decode, where decode is averaged over an answer's life."""
    c, n, arrived = obs["costs"], obs["decoding"], obs["arrived"]
    rate = 0.6 * sum(arrived) / len(arrived) + 0.4 * arrived[-1] if arrived else 0.0
    ahead = 3.0
    soon = n + 0.5 * len(obs["left"])
    plain = c["t0"] + max(c["w"], c["l0"] + c["l1"] * n) + c["kv"] * obs["context"] + c["sequence"] * n
    top = 90 if obs["share"] >= 75 else 85
    best, least = 55, None
    for share in range(55, top + 1, 5):
        x = share / 100
        fast = x**0.95
        per_token = (c["t0"] + max(c["w"], (c["l0"] + c["l1"] * 2048) / fast)) / 2048 + c["attention"] / fast * 2000
        slower = max(1.0, 0.45 / (1 - x))
        tpot = c["t0"] + slower * (plain - c["t0"] - c["sequence"] * n) + c["sequence"] * n
        queue = per_token * sum(obs["left"])
        busy = min(1.0, (queue + rate * per_token) / 1000)
        life = plain + 0.35 * busy * (tpot - plain)
        between = life / obs["tpot_target"]
        end, cost = 0.0, 0.0
        for waited, left in zip(obs["waited"], obs["left"], strict=True):
            end += per_token * left
            cost += max((waited + end) / obs["ttft_target"], between) ** 2
        pile = max(0.0, end + ahead * (rate * per_token - 1000))
        cost += 1.0 * rate * ahead / 2000 * max(pile / obs["ttft_target"], between, 0.5) ** 2
        cost += soon / 8 * between**2
        if least is None or cost < least:
            best, least = share, cost
    return best
