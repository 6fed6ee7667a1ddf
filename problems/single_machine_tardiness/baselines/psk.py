"""PSK (Panwalkar, Smith and Koulamas, European Journal of Operational Research 70, 1993).

Jobs wait in SPT order. The first is the active one; it starts unless it has slack and a later job of the list, still
short enough to matter, is due earlier; that one then becomes active.
"""


def solve(instance):
    p, d = instance["p"], instance["d"]
    waiting = sorted(range(len(p)), key=lambda j: (p[j], d[j]))
    sequence = []
    t = 0
    while waiting:
        active = choose(waiting, p, d, t)
        waiting.remove(active)
        sequence.append(active)
        t += p[active]
    return sequence


def choose(waiting, p, d, t):
    active = waiting[0]
    for j in waiting[1:]:
        if t + p[active] >= d[active] or d[active] <= t + p[j]:
            break
        if d[j] < d[active]:
            active = j
    return active
