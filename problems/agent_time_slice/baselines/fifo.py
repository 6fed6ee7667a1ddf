"""AIOS (Mei et al., arXiv:2403.16971), first in, first out: the call that came first, until its end."""


def decide(obs):
    return {"next": 0, "slice": 86400.0}
