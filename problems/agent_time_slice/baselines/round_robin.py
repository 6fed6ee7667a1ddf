"""AIOS (Mei et al., arXiv:2403.16971), round robin: the call that has not run for longest, for 1 s."""


def decide(obs):
    idle = obs["idle"]
    return {"next": max(range(len(idle)), key=lambda i: idle[i]), "slice": 1.0}
