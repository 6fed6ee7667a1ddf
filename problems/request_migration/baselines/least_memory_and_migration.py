"""Dispatch to the engine with the least memory in use or asked for; Llumnix's migrations."""

LOW, HIGH = 60, 100


def decide(obs):
    engines = range(len(obs["free"]))
    if obs["event"] == "dispatch":
        return max(engines, key=lambda i: obs["free"][i] - obs["waiting_tokens"][i])
    requests = [running + min(waiting, 1) for running, waiting in zip(obs["running"], obs["waiting"], strict=True)]
    free = [(obs["free"][i] - obs["head_tokens"][i]) / max(1, requests[i]) for i in engines]
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
