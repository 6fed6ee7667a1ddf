"""Priority with aging, as in operating systems: each second without a token counts for 0.06, up to 0.3."""


def decide(obs):
    value = [p + min(0.3, 0.00006 * w) for p, w in zip(obs["priority"], obs["waited"], strict=True)]
    return sorted(range(len(value)), key=lambda i: -value[i])
