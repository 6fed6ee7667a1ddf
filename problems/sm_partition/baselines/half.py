"""Half of the processors for each."""


def decide(obs):
    return 50
