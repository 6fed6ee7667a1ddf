"""The call whose kind of agent has had the shortest answers on average, until its end; kinds without any first."""


def decide(obs):
    means = [sum(past) / len(past) if past else 0.0 for past in obs["past"]]
    kinds = obs["kind"]
    return {"next": min(range(len(kinds)), key=lambda i: means[kinds[i]]), "slice": 86400.0}
