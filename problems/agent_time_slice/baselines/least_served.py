"""The call that has been served least (foreground-background), for 1 s."""


def decide(obs):
    served = obs["served"]
    return {"next": min(range(len(served)), key=lambda i: served[i]), "slice": 1.0}
