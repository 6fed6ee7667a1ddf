import math
S = {"t": 0.0, "rate": None, "calls": None, "press": None}


def decide(obs):
    """The engine with least rise of the fourth power of lateness, of this query and of those whose outputs its prompt stops."""
    n, now, slo, names = len(obs["free"]), obs["now"], obs["slo"], list(obs["stages"])
    pm, tm, stages = obs["prompt_ms"], obs["token_ms"], obs["stages"]
    if S["rate"] is None:
        S["rate"], S["calls"], S["press"] = [0.3] * n, [[] for _ in range(n)], [1.0] * n
    keep = math.exp(-max(0.0, now - S["t"]) / 40000.0)
    S["t"] = now
    S["rate"] = [r * keep for r in S["rate"]]
    there = [obs["running"][i] + obs["waiting"][i] for i in range(n)]
    S["calls"] = [sorted(S["calls"][i])[-there[i]:] if there[i] else [] for i in range(n)]  # the others have ended
    weight = [sum(x[1] for x in calls) for calls in S["calls"]]
    S["press"] = [s * keep + (1.0 - keep) * w for s, w in zip(S["press"], weight)]
    at = names.index(obs["stage"])
    later = 0.0
    for j in range(at, len(names)):
        prompt, out, count = stages[names[j]]
        one = prompt * min(pm) + out * min(tm)
        if names[j] == "revise":
            later += one * (count - 1 if j == at else count)
        elif j > at:
            later += one
    later *= 1.7
    out = stages[obs["stage"]][1]
    best = None
    for i in range(n):
        wait = pm[i] * (1.0 * obs["prompt_left"][i] + obs["prompt"])
        stall = 1.0 / (1.0 - min(0.75, S["rate"][i]))
        run = out * (tm[i] + 0.02 * obs["running"][i]) * stall
        lack = obs["prompt"] + obs["prompt_left"][i] - obs["free"][i]
        if lack > 0:
            used = max(1.0, obs["capacity"][i] - obs["free"][i])
            wait += min(2.0, lack / used) * 2.0 * tm[i] * obs["output_left"][i] / (obs["running"][i] + 1.0)
        late = (obs["age"] + wait + run + later) / slo
        harm = (0.8 * weight[i] + 0.3 * S["press"][i]) * pm[i] * obs["prompt"] / 120000.0
        cost = min(late, 1.4) ** 5 / 5.0 + max(0.0, late - 1.4) * 1.4 ** 4 + harm
        if best is None or cost < best[0]:
            best = (cost, i, late, wait + run)
    _, i, late, took = best
    S["rate"][i] += pm[i] * obs["prompt"] / 40000.0
    S["calls"][i].append((now + took, min(late, 1.4) ** 4 * 120000.0 / slo))
    return i, now - obs["age"] + slo - later + 0.5 * pm[i] * obs["prompt"]
