"""Llumnix's dispatch without its migrations, counting the request that arrives: the engine with most free memory for
each of its requests once it has this one, too."""


def decide(obs):
    if obs["event"] == "migrate":
        return []
    return max(range(len(obs["free"])), key=lambda i: freeness(obs, i))


def freeness(obs, i):
    return (obs["free"][i] - obs["waiting_tokens"][i] - obs["prompt"]) / (obs["running"][i] + 1)
