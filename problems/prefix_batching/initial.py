"""Requests of a group one after another, small groups first."""


def rank(size, prefix, suffixes, guess):
    """Smallest first: requests of a group, tokens of its prefix, tokens of its suffixes together, its mean answer."""
    return size


def solve(instance):
    group, prefix, guess = instance["group"], instance["prefix"], instance["guess"]
    size, suffixes = [0] * len(prefix), [0] * len(prefix)
    for g, tokens in zip(group, instance["suffix"], strict=True):
        size[g] += 1
        suffixes[g] += tokens
    value = [rank(size[g], prefix[g], suffixes[g], guess[g]) for g in range(len(prefix))]
    return {"order": sorted(range(len(group)), key=lambda i: (value[group[i]], group[i])), "reserve": 0.0}
