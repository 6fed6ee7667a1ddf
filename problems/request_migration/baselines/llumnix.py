"""Llumnix (Sun et al., OSDI 2024): dispatch to the freest engine; migrations from the least free ones to the freest.

Freeness: free memory, less what the queue asks for, for each request: the steps that are left until memory is full. At
dispatch all of the queue counts, as in the published code, and the request that arrives; at migrations its head.
Every period the engines below one threshold are paired with those above another one, the extremes first, and each pair
moves the shortest request of its source. 60 and 100: see the README.
"""

LOW, HIGH = 60, 100


def decide(obs):
    engines = range(len(obs["free"]))
    if obs["event"] == "dispatch":
        tokens = [waiting + obs["prompt"] for waiting in obs["waiting_tokens"]]
        return max(engines, key=lambda i: freeness(obs, i, tokens[i], obs["waiting"][i] + 1))
    free = [freeness(obs, i, obs["head_tokens"][i], min(obs["waiting"][i], 1)) for i in engines]
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


def freeness(obs, i, tokens, queued):
    return (obs["free"][i] - tokens) / max(1, obs["running"][i] + queued)
