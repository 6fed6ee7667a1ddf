"""Llumnix's dispatch without its migrations: the engine with most free memory for each request, with the new one."""


def decide(obs):
    if obs["event"] == "migrate":
        return []
    return max(range(len(obs["free"])), key=lambda i: freeness(obs, i))


def freeness(obs, i):
    free = obs["free"][i] - obs["waiting_tokens"][i] - obs["prompt"]
    return free / (obs["running"][i] + obs["waiting"][i] + 1)
