"""MDDC, the rule that a language model found (arXiv:2510.24013, 2025).

Against MDD, long jobs are held back three times: by 10 % of their length, by a factor that grows with their share of
the horizon, and by a term that matters early on.
"""


def priority(p, d, t, p_max, p_mean):
    modified = max(t + 1.1 * p, d)
    share = min(p / (t + p_max), 1)
    modified *= 1 + share**2 / (1 + share**2)
    modified += p / (t + p_mean)
    return modified + 1e-9 * d  # equal values: the earlier due date first, as in the paper's example
