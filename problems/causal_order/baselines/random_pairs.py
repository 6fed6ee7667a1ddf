"""Swap a random pair of positions that was not tried in this order."""

import random


def decide(obs):
    tried = obs["tried"]
    rng = random.Random(f"{obs['left']} {obs['loss']:.6f}")
    d = len(tried)
    pairs = [[i, j] for i in range(d) for j in range(i + 1, d) if not tried[i][j]]
    return rng.choice(pairs) if pairs else None
