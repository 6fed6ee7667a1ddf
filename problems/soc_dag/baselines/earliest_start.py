"""ETF as published: the pair that can start first, then by upward rank (Hwang et al., SIAM J. Comput. 18, 1989)."""


def priority(data, wait, up):
    return max(data, wait) - 1e-4 * up
