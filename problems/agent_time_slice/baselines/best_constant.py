"""Round robin with the slice that is best on train, 2 s, of 0.5, 1, 2, 4, 8 and 16."""


def decide(obs):
    idle = obs["idle"]
    return {"next": max(range(len(idle)), key=lambda i: idle[i]), "slice": 2.0}
