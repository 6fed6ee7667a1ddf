"""INFaaS++ in Llumnix's evaluation: the engine with the least memory in use or asked for by its queue; no migration."""


def decide(obs):
    if obs["event"] == "migrate":
        return []
    return max(range(len(obs["free"])), key=lambda i: obs["free"][i] - obs["waiting_tokens"][i])
