"""What the fake model says."""

from __future__ import annotations

import random


def variation(seed: str) -> str:
    """A plausible reply: a priority rule for total tardiness on one machine, with constants drawn from the seed."""
    rng = random.Random(seed)
    slack, weight, power = (round(rng.uniform(*span), 3) for span in ((0.2, 1.5), (0.05, 1.0), (0.5, 2.0)))
    ratio = rng.choice(["p / p_mean", "p / max(p_max, 1)", "P_rem / (n_rem * p_mean + 1)", "d / (P_rem + 1)"])
    body = rng.choice(
        [
            f"max({slack} * (t + p), d) + {weight} * p * ({ratio}) ** {power}",
            f"max(t + p, d) + {weight} * p_mean * ({ratio}) ** {power}",
            f"max(d - t, {slack} * p) + {weight} * p",
            f"max(t + {slack} * P_rem / max(n_rem, 1), d) + {weight} * p",
        ]
    )
    return (
        "The rule weighs the due date against the processing time.\n\n"
        "```python\ndef priority(p, d, t, P_rem, p_max, p_mean, n_rem):\n"
        f'    """Due date against work."""\n    return {body}\n```\n'
    )


NOT_CODE = "I am sorry, but I would rather talk about the weather. It is mild for the season."
BROKEN_CODE = "```python\ndef priority(p, d, t:\n    return d +\n```\n"
LOOPING = "```python\ndef priority(p, d, t):\n    while True:\n        pass\n```\n"
