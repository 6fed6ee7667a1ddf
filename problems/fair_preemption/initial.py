"""First come, first served among those of the same priority; a resident counts as a little more important."""


def decide(obs):
    value = [p + 0.1 * r for p, r in zip(obs["priority"], obs["resident"], strict=True)]
    return sorted(range(len(value)), key=lambda i: -value[i])
