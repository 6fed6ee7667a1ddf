"""Linear decay to 0, optimal in the worst case of convex Lipschitz losses (Defazio et al., arXiv:2310.07831, 2023)."""


def solve(instance):
    T = instance["T"]
    return [1 - t / T for t in range(T)]
