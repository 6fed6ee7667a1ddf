"""Llumnix's dispatch without its migrations: the engine with most free memory for each of its requests."""


def decide(obs):
    if obs["event"] == "migrate":
        return []
    return max(range(len(obs["free"])), key=lambda i: freeness(obs, i))


def freeness(obs, i):
    return (obs["free"][i] - obs["waiting_tokens"][i]) / max(1, obs["running"][i])
