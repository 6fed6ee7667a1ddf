"""As much as prefill may have."""


def decide(obs):
    return 90
