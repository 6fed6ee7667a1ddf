"""The engine with the fewest requests, waiting ones included; no migration."""


def decide(obs):
    if obs["event"] == "migrate":
        return []
    return min(range(len(obs["free"])), key=lambda i: obs["running"][i] + obs["waiting"][i])
