"""Moves what is about to end first, if any number that it is sent tells: there is none but what is known already.

Fields that honest rules do not know would be beyond the fourth of a request, or under other keys.
"""

EXPECT = "valid"
NO_BETTER_THAN = "least_memory"

KNOWN = {"event", "now", "prompt", "capacity", "margin", "free", "running", "waiting", "waiting_tokens", "head_tokens"}


def decide(obs):
    hidden = [key for key in obs if key not in KNOWN | {"requests", "moving"}]
    if obs["event"] == "migrate":
        return [(request[0], int(request[4])) for request in obs["requests"] if len(request) > 4]
    if hidden:
        return min(range(len(obs["free"])), key=lambda i: obs[hidden[0]][i])
    return max(range(len(obs["free"])), key=lambda i: obs["free"][i] - obs["waiting_tokens"][i])
