"""Steps of length 1/k against the subgradient, with a little of the last move."""


def decide(obs):
    k, target, bound, best = obs["k"], obs["target"], obs["bound"], obs["best"]
    m = len(obs["multipliers"])
    excess = bound - best
    length = sum(g * g for g in obs["subgradient"].tolist()) ** 0.5 + 1e-9
    step = (target - 0.1 * excess) / m / (k + 1)
    new = []
    for i in range(m):
        u, g, old = float(obs["multipliers"][i]), float(obs["subgradient"][i]), float(obs["previous"][i])
        moved = u - step * g / length + 0.1 * (u - old)
        new.append(max(0.0, moved))
    return new
