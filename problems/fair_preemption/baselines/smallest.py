"""Those that need the least memory, so that most requests are resident."""


def decide(obs):
    tokens = obs["tokens"]
    return sorted(range(len(tokens)), key=lambda i: tokens[i])
