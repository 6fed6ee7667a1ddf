def decide(obs):
    """First come, first served, a budget that meets the target, long heads alone in their last iteration; new prompts begin only if answers can still grow."""
    c, m, left, done = obs["costs"], obs["decoding"], obs["left"], obs["done"]
    started, count = obs["started"], len(obs["left"])
    waiting = sorted(range(started, count), key=lambda i: -0.02 * left[i] - obs["waited"][i])
    order = list(range(started))
    room = obs["kv_room"] - min(80 * m, 60000 * m * m / max(1, obs["context"]), 0.12 * obs["kv_capacity"])
    for i in waiting:
        if left[i] > room and (m > 0 or order):
            break
        room -= left[i] + 60
        order.append(i)
    if not order:
        return {"budget": 0, "order": [0], "decodes": True}
    target = 0.985 * obs["slo"] - 0.1
    if m == 0:
        target = max(target, 300.0 + c["kv"] * obs["context"])
    head = order[0]

    def time(b):
        rest, squares, past, chunks = b, 0.0, 0, 0
        for i in order:
            if rest <= 0:
                break
            chunk, d = min(rest, left[i]), done[i]
            if i == head and b < left[i]:
                d += min(3.0 * b, left[i] - b)
            squares += chunk * (d + chunk / 2)
            past += d
            rest -= chunk
            chunks += 1
        n = m + b
        return (
            c["t0"] + max(c["w"], c["l0"] + c["l1"] * n) + c["attention"] * squares
            + c["kv"] * (obs["context"] + 3 * m + past) + c["sequence"] * (m + chunks)
        )

    total = sum(left[i] for i in order)
    cap = min(total, int(35 * (c["t0"] + c["l0"]) / c["l1"]) if c["l1"] > 0 else 4000)
    if left[head] >= 1500 and total - left[head] < 8000 and time(left[head]) <= target:
        return {"budget": int(left[head]), "order": order, "decodes": True}
    low, high = 64, 64 + max(64, cap)
    while high - low > (2 if obs["slo"] <= 200 else 16):
        middle = (low + high) // 2
        if time(middle) <= target:
            low = middle
        else:
            high = middle
    return {"budget": int(low), "order": order, "decodes": True}
