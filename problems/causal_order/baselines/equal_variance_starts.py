"""Order greedily by least residual variance from every first node, and propose the order with the least loss."""


def greedy(S, first):
    """The order that starts with a given node, and its loss."""
    rest = S.copy()
    left = list(range(len(S)))
    order, loss, node = [], 0.0, first
    while True:
        order.append(node)
        loss += rest[node, node]
        left.remove(node)
        rest -= rest[:, node, None] * rest[node] / rest[node, node]
        if not left:
            return loss, order
        node = min(left, key=lambda j: rest[j, j])


def decide(obs):
    d = len(obs["order"])
    if obs["left"] < 3 * d:
        return None
    return min(greedy(obs["S"], first) for first in range(d))[1]
