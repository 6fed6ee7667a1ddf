import math
S = {"t": None, "w": 3.5, "d": None, "c": 0.0, "r": 0.033, "k": 0}


def decide(obs):
    """Split the machines where estimated prompt queueing and decode batching cost least, with a soft border for bursts."""
    n, now, p = len(obs["free"]), obs["now"], obs["prompt"]
    per, unit, ctx = (0.0641, 55.0, 0.000179) if n < 13 else (0.153, 55.0, 0.000335)
    D, C = sum(obs["decoding"]), sum(obs["context_tokens"])
    if S["t"] is None:
        S["t"], S["d"] = now, 1.5 * n
        S["c"] = 1200.0 * S["d"]
        S["w"] = 0.33 * n
    dt = max(0.0, now - S["t"])
    S["t"] = now
    keep = math.exp(-dt / 12000.0)
    S["w"] = S["w"] * keep + (20.0 + per * p) / 12000.0
    S["r"] = S["r"] * keep + 1.0 / 12000.0
    keep = math.exp(-dt / 3000.0)
    S["d"] = S["d"] * keep + D * (1 - keep)
    S["c"] = S["c"] * keep + C * (1 - keep)

    def split_cost(k):
        rho = min(0.97, S["w"] / k)
        batch = (0.2 * S["d"] + ctx * S["c"]) / (n - k) / unit
        return batch + 1.5 * batch * batch + 0.14 * rho / (1 - rho) / k

    k = min(range(1, n), key=split_cost)
    if S["k"] and split_cost(S["k"]) < 1.01 * split_cost(k):
        k = S["k"]
    S["k"] = k
    length = max(4.0, S["d"] / max(1e-6, S["r"] * 37.0))  # mean output, by Little's law

    def prompt_cost(i):
        wait = per * obs["prompt_tokens"][i] + (15.0 if obs["prompts"][i] else 0.0)
        border = min(300.0, (3.0 + 200.0 / length) * obs["decoding"][i]) if i < k else 200.0 + 7000.0 / length + 6.0 * obs["decoding"][i]
        return wait + border

    prompt = min(range(n), key=prompt_cost)

    def token_cost(i):
        load = 0.2 * obs["decoding"][i] + ctx * obs["context_tokens"][i] + (ctx + 0.0002) * obs["incoming_tokens"][i]
        return load + 0.004 * obs["prompt_tokens"][i] + (0.0 if i >= k else 30.0) + (2.0 if i == prompt else 0.0)

    return prompt, min(range(n), key=token_cost)
