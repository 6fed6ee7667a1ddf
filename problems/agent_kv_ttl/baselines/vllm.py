"""vLLM: nothing is held while a tool runs, requests are admitted first come, first served.

What is not held stays in the prefix cache until the memory is needed, least recently used first.
"""


def decide(obs):
    if obs["ask"] == "ttl":
        return 0.0
    if obs["ask"] == "unpin":
        return 0
    rows = obs["waiting"]
    return sorted(range(len(rows)), key=lambda i: -rows[i]["waited"])
