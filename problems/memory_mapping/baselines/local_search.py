"""Local search: greedy by what a stay really saves; then stays are taken out and others put back, if that is better.

Candidates are all stays between two uses of a tensor; a step saves nothing below its computing time.
"""

import random

ROUNDS = 40


def solve(instance):
    capacity, compute, sizes, uses = (instance[name] for name in ("capacity", "compute", "size", "uses"))
    slow, fast = instance["slow_bandwidth"], instance["fast_bandwidth"]
    none = [0.0] * len(compute)
    for size, when in zip(sizes, uses, strict=True):
        for t in when:
            none[t] += size / slow

    def changes(i, a, b):
        """What a stay changes in the memory time of steps."""
        whole = instance["temporary"][i] and a == 0 and b == len(uses[i]) - 1
        change = sizes[i] / fast - sizes[i] / slow
        return [(t, change + (0 if whole or k else sizes[i] / slow)) for k, t in enumerate(uses[i][a : b + 1])]

    def saving(traffic, delta):
        return sum(max(compute[t], traffic[t]) - max(compute[t], traffic[t] + d) for t, d in delta)

    stays = []
    for i, when in enumerate(uses):
        last = len(when) - 1
        for a, b in {(0, last), *((k, k + 1) for k in range(last)), *((0, k) for k in range(1, last))}:
            if b > a and (gain := saving(none, delta := changes(i, a, b))) > 0:
                area = sizes[i] * (when[b] - when[a] + 1)
                stays.append((gain / area, gain, i, a, b, delta))
    stays.sort(key=lambda stay: stay[2:5])

    def build(order, kept):
        """Keep some stays at their offsets, and add others in order wherever they fit and save."""
        traffic, placed, answer, busy = list(none), [], [], {}

        def put(stay, offset):
            _, _, i, a, b, delta = stay
            for t, d in delta:
                traffic[t] += d
            placed.append((offset, offset + sizes[i], uses[i][a], uses[i][b]))
            placed.sort()
            busy.setdefault(i, []).append((a, b))
            answer.append((stay, offset))

        for stay, offset in kept:
            put(stay, offset)
        for stay in order:
            _, _, i, a, b, delta = stay
            if any(a <= d and c <= b for c, d in busy.get(i, ())) or saving(traffic, delta) <= 1e-9:
                continue
            first, last, offset = uses[i][a], uses[i][b], 0
            for low, top, start, end in placed:
                if start <= last and end >= first:
                    if low - offset >= sizes[i]:
                        break
                    offset = max(offset, top)
            if offset + sizes[i] <= capacity:
                put(stay, offset)
        return sum(map(max, compute, traffic)), answer

    rng = random.Random(0)
    # in order of what is saved per byte and step, of what is saved, and of both
    weights = [lambda stay: stay[0], lambda stay: stay[1], lambda stay: stay[0] * stay[1]]
    best, _, weight = min(
        ((build(sorted(stays, key=weight, reverse=True), []), place, weight) for place, weight in enumerate(weights)),
        key=lambda made: (made[0][0], made[1]),
    )
    for _ in range(ROUNDS):
        t, width = rng.randrange(len(compute)), rng.randint(2, 20)
        kept = [
            (stay, offset)
            for stay, offset in best[1]
            if uses[stay[2]][stay[4]] < t - width or uses[stay[2]][stay[3]] > t + width or rng.random() < 0.3
        ]
        made = build(sorted(stays, key=lambda stay: -weight(stay) * rng.uniform(0.5, 1.5)), kept)
        if made[0] <= best[0]:
            best = made
    return [[stay[2], stay[3], stay[4], offset] for stay, offset in best[1]]
