"""Dispatches to the engine with the most free memory; moves one request at a time from where some wait."""


def decide(obs):
    engines = range(len(obs["free"]))
    if obs["event"] == "dispatch":
        return max(engines, key=lambda i: obs["free"][i] - obs["waiting_tokens"][i])
    source = max(engines, key=lambda i: obs["waiting_tokens"][i])
    destination = max(engines, key=lambda i: obs["free"][i])
    if obs["waiting"][source] == 0 or source == destination or obs["moving"]:
        return []
    room = obs["free"][destination] - obs["margin"]
    fitting = [r for r in obs["requests"] if r[1] == source and r[2] <= room]
    if not fitting:
        return []
    request = max(fitting, key=lambda r: r[2])
    return [(request[0], destination)]
