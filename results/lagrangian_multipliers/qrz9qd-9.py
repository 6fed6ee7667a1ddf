"""Proximal analytic centre: Newton's method for the point deepest inside the region where the optimum can still be."""

import numpy as np

HEIGHT = 15.0  # weight of the distance to the best bound, against one cut
FLOOR = 0.6  # weight of the distance of a multiplier to zero
PULL = 1.0  # weight of the squared distance to the best point
CROWD = 0.5  # power of the number of cuts with which that weight grows
STEPS = 8  # of Newton's method, at most
INSIDE = 0.97  # part of the way to the border that a step goes
ACCURACY = 1.0  # of the products of distances and prices
START = 1.0  # smallest distance from the border at the start, as a part of the last distance to the best bound
DONE = 1e-13  # distance to the best bound, as a part of it, at which the point stays
slopes, heights = [], []
depth = 0.1  # of the last centre below the best bound


def decide(obs):
    """The next point maximises the product of its distances to all cuts, to the best bound and to zero, near the best point."""
    global depth
    u, g = obs["multipliers"], obs["subgradient"]
    m = len(u)
    unit = obs["target"] / m
    best, centre = obs["best"] / unit, obs["best_multipliers"] / unit
    if depth < DONE * best:
        return u.tolist()
    slopes.append(g)
    heights.append((obs["bound"] - g @ u) / unit)
    new, top = deepest(np.array(slopes), np.array(heights), best, centre, u / unit, START * depth)
    depth = max(best - top, 0.1 * depth)
    new = unit * np.where(np.isfinite(new), new, u / unit)
    return np.clip(new, 0.0, 1e9).tolist()


def deepest(G, e, best, centre, v, start):
    """The v >= 0 and its height between the cuts e + G v and the best bound, by a primal-dual Newton method."""
    cuts, m = G.shape
    pull = PULL * cuts ** CROWD
    v, top = np.maximum(v, start), best - start
    weight = np.concatenate([np.ones(cuts), [HEIGHT], np.full(m, FLOOR)])  # of cuts, best bound, zero
    room = np.concatenate([top - e - G @ v, [best - top], v])
    slack = np.maximum(room, start)
    price = weight / slack
    matrix = np.empty((m + 1, m + 1))
    inner = np.arange(m)
    for _ in range(STEPS):
        curve = price / slack
        want = (weight - price * (room - slack)) / slack
        steep = G.T * curve[:cuts]
        matrix[:m, :m] = steep @ G
        matrix[inner, inner] += curve[cuts + 1:] + pull
        matrix[:m, m] = matrix[m, :m] = -steep.sum(axis=1)
        matrix[m, m] = curve[:cuts + 1].sum()
        right = np.append(want[cuts + 1:] - G.T @ want[:cuts] - pull * (v - centre), want[:cuts].sum() - want[cuts])
        move = np.linalg.solve(matrix, right)
        dv, dtop = move[:m], move[m]
        droom = np.concatenate([dtop - G @ dv, [-dtop], dv])
        dslack = room - slack + droom
        dprice = (weight - price * dslack) / slack - price
        t = min(1.0, INSIDE / max((-dslack / slack).max(), (-dprice / price).max(), 1e-9))
        v, top, room, slack, price = v + t * dv, top + t * dtop, room + t * droom, slack + t * dslack, price + t * dprice
        if t == 1.0 and np.abs(slack * price - weight).max() < ACCURACY:
            break
    return v, top
