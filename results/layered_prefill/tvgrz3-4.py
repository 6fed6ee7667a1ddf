import math


def decide(obs):
    """The pass that does most useful work a ms within the target, of prompts by waiting time over size."""
    c, n, L, left, done = obs["costs"], obs["decoding"], obs["layers"], obs["left"], obs["done"]
    room = obs["kv_room"]
    fit = [i for i in range(len(left)) if done[i] > 0 or left[i] <= room] or [0]
    fit.sort(key=lambda i: (left[i] + 50.0) / (obs["waited"][i] + 200.0))
    order = []
    for i in fit:
        if done[i] == 0:
            if left[i] > room and order:
                continue
            room -= left[i]
        order.append(i)
    total = sum(left[i] for i in order)
    cap = min(total, max(left[order[0]], 2400))

    def products(m):
        if m <= 0:
            return 0.0
        touched = c["experts"] * (1 - (1 - c["active"] / c["experts"]) ** m)
        return max(c["w"] + c["expert"] * touched, c["l1"] * m)

    alone = products(n)
    fixed = c["t0"] + c["kv"] * obs["context"] + c["sequence"] * n + 0.1

    def cost(p, g):
        """Time of one iteration of the pass (the worst of four), and its useful work."""
        rest, pairs, past, chunks = p, 0.0, 0.0, 0
        for i in order:
            x = min(rest, left[i])
            if x <= 0:
                break
            d = done[i]
            if chunks == 0:
                d += min(3, math.ceil(left[i] / max(1, x)) - 1) * x
            pairs += x * (d + x / 2)
            past += d
            rest -= x
            chunks += 1
        attention = c["attention"] * pairs + c["kv"] * past
        s = 1.0 / g
        t = fixed + (1 - s) * alone + s * products(n + p) + s * attention + c["sequence"] * chunks
        return t, c["l1"] * p + attention

    target = max(0.99 * obs["slo"], fixed + alone + 1.2) if n > 0 else 100.0
    best = None
    for g in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 20, 24, 28, 32, 40, 48):
        if g > L or (n == 0 and g > 1):
            break
        low, high = 0, cap
        if cost(cap, g)[0] <= target:
            low = cap
        else:
            while high - low > 16:
                mid = (low + high) // 2
                if cost(mid, g)[0] <= target:
                    low = mid
                else:
                    high = mid
        if low > 0:
            t, work = cost(low, g)
            value = work / (g * t) / (1 + 0.01 * g)
            if best is None or value > best[0]:
                best = (value, low, g)
        if low == cap:
            break
    tokens, groups = (best[1], best[2]) if best else (min(cap, 512), 1)
    if tokens < (100 + 2 * min(n, 100)) * groups and tokens < cap:
        tokens, groups = min(cap, 400), 1
    return {"order": order, "tokens": int(max(1, tokens)), "groups": int(groups)}
