"""The highest priorities, where a resident counts 0.3 more: fewer transfers."""


def decide(obs):
    value = [p + 0.3 * r for p, r in zip(obs["priority"], obs["resident"], strict=True)]
    return sorted(range(len(value)), key=lambda i: -value[i])
