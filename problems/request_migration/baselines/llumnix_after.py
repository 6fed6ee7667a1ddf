"""Llumnix's migrations (see `llumnix`), and dispatch to the engine that is the freest once it has the request: what
the prompt takes, and the request itself, are counted."""

LOW, HIGH = 60, 100


def decide(obs):
    engines = range(len(obs["free"]))
    if obs["event"] == "dispatch":
        return max(engines, key=lambda i: after(obs, i))
    free = [freeness(obs, i, obs["head_tokens"]) for i in engines]
    order = sorted(engines, key=lambda i: free[i])
    sending = {source for _, source, _ in obs["moving"]}
    sources = [i for i in order if free[i] < LOW and i not in sending]
    destinations = [i for i in reversed(order) if free[i] > HIGH]
    moves = []
    for source, destination in zip(sources, destinations, strict=False):
        shortest = min((r for r in obs["requests"] if r[1] == source), key=lambda r: r[2], default=None)
        if shortest and shortest[2] + obs["margin"] + 200 <= obs["free"][destination]:
            moves.append((shortest[0], destination))
    return moves


def freeness(obs, i, queue):
    return (obs["free"][i] - queue[i]) / max(1, obs["running"][i])


def after(obs, i):
    return (obs["free"][i] - obs["waiting_tokens"][i] - obs["prompt"]) / (obs["running"][i] + 1)
