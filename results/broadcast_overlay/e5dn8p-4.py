"""Trees of cheap edges instead of cheap paths, with time weighed in: of a few settings the one that costs least."""

import numpy as np

SHARES = (0.0, 0.15)  # how much of the way from the source counts: 1 = Dijkstra, 0 = Prim
HURRIES = (0.0, 0.02, 0.06)  # weight of the seconds of an edge
REPEATS = (0.0, 1.0)  # weight of the partitions that the edge carries already
CHILDREN = (1.0, 4.0)  # number of regions among which egress is taken to be split
STARTS = 8  # plans that are improved a little
FIRST = 800  # moves tried for each of them
URGES = (1.0, 3.0, 1.0, 0.3, 1.0, 6.0, 1.0, 0.5, 1.0, 2.0, 1.0, 4.0, 1.0, 0.2, 1.0)  # weights of time, in turn
FINALISTS = 3  # the best of them, which are improved further
EVALUATIONS = 5000  # moves tried for each of these
NEAR = 12  # parents tried for a region: of those that take part
STRANGERS = 2  # and of those that do not
POWER = 12.0  # of the soft maximum of the seconds
SOFT = 0.6  # share of it
TIGHT = 0.97  # share of the time above which an edge counts as slowest
LOSS = 0.1  # share of the total that moving all children may cost more in sending
HURRY = 0.2  # weight of time in the order of parents
RATES = (3.0, 4.0, 5.0, 6.0, 8.0, 10.0)  # Gbps at which all partitions are to flow in `fill`
WIDTHS = (1, 2, 3, 4, 6)  # largest number of children of a region in it
FULL = 1000.0  # $ that an edge without room is held back by
RELAY = 5.0  # $ that a region which is no destination is held back by


def solve(instance):
    """Spanning trees of edges with small price and time, for a few weights of time and depth; the cheapest plan wins."""
    plans = [
        build(instance, share, hurry, repeat, children)
        for share in SHARES
        for hurry in HURRIES
        for repeat in (REPEATS if hurry else (0.0,))
        for children in (CHILDREN if hurry else (1.0,))
    ]
    plans += [fill(instance, rate, width) for rate in RATES for width in WIDTHS]
    worth = {}
    for plan in plans:
        worth.setdefault(round(total(instance, plan), 6), plan)
    plans = [worth[key] for key in sorted(worth)]
    plans = [improve(instance, plan, (1.0,), FIRST) for plan in plans[:STARTS]]
    plans.sort(key=lambda plan: total(instance, plan))
    plans = plans[:1] + [improve(instance, plan, URGES, EVALUATIONS) for plan in plans[:FINALISTS]]
    return min(plans, key=lambda plan: total(instance, plan))


def build(instance, share, urge, repeat, children):
    """One tree for each partition."""
    price, gbps = instance["price"], instance["throughput"]
    source, size = instance["source"], instance["partition_gb"]
    n = len(price)
    hurry = instance["delay_price"] + instance["vm_price"] * n
    relay = np.ones(n)
    relay[instance["destinations"]] = 0.0
    gbps = np.minimum(gbps, instance["egress"][:, None] / children)
    sent = np.zeros((n, n))
    plan = []
    for _ in range(instance["partitions"]):
        dollars = size * price
        seconds = 8.0 * size * (repeat * sent + 1.0) / np.maximum(gbps, 0.001)
        weight = dollars + urge * hurry * seconds + RELAY * relay
        parent = grow(weight, source, share)
        for region in instance["destinations"]:
            sent[parent[region], region] += 1.0
        plan.append(parent)
        if urge * repeat == 0.0:  # nothing changes: all trees are the same
            return [parent] * instance["partitions"]
    return plan


def fill(instance, rate, width):
    """Trees of cheap edges within what the edges carry at this rate, with few children for each region."""
    gbps = np.minimum(instance["throughput"], instance["egress"][:, None] / width)
    source, size, partitions = instance["source"], instance["partition_gb"], instance["partitions"]
    n = len(gbps)
    most = np.floor(partitions * gbps / rate + 1e-6)
    relay = np.full(n, RELAY)
    relay[instance["destinations"]] = 0.0
    basis = size * instance["price"] + relay + 0.1 / np.maximum(gbps, 0.001)
    sent = np.zeros((n, n))
    plan = []
    while len(plan) < partitions:
        fresh = sent == 0
        slots = width - (~fresh).sum(1)
        late = (sent + 1.0) / np.maximum(gbps, 0.001)
        weight = basis + FULL * (late + 1.0) * (sent >= most) + FULL * (fresh & (slots <= 0)[:, None])
        key = weight[source].copy()
        parent = np.full(n, source)
        waiting = np.ones(n, dtype=bool)
        waiting[source] = False
        inside, missing = [source], set(instance["destinations"])
        while missing:
            region = int(np.argmin(np.where(waiting, key, np.inf)))
            above = int(parent[region])
            waiting[region] = False
            inside.append(region)
            missing.discard(region)
            better = waiting & (weight[region] < key)
            key[better] = weight[region][better]
            parent[better] = region
            if fresh[above, region]:
                slots[above] -= 1
                if slots[above] == 0:
                    weight[above, fresh[above]] += FULL
                    for other in np.flatnonzero(waiting & (parent == above) & fresh[above]):
                        offer = weight[inside, other]
                        key[other], parent[other] = offer.min(), inside[int(offer.argmin())]
        parent[source] = -1
        tree, seen = parent.tolist(), {source}
        room = partitions - len(plan)
        edges = []
        for region in instance["destinations"]:
            while region not in seen:
                seen.add(region)
                edges.append((tree[region], region))
                room = min(room, max(1, int(most[tree[region], region] - sent[tree[region], region])))
                region = tree[region]
        for u, v in edges:
            sent[u, v] += room
        plan += [tree] * room
    return plan


def grow(weight, source, share):
    """A tree of all regions. share = 1: cheapest paths (Dijkstra); share = 0: cheapest edges (Prim)."""
    n = len(weight)
    key = np.full(n, np.inf)
    key[source] = 0.0
    parent = np.full(n, -1)
    waiting = np.ones(n, dtype=bool)
    for _ in range(n):
        region = int(np.argmin(np.where(waiting, key, np.inf)))
        waiting[region] = False
        offer = share * key[region] + weight[region]
        better = waiting & (offer < key)
        key[better] = offer[better]
        parent[better] = region
    return parent.tolist()


def improve(instance, plan, urges, budget):
    """Move regions below other parents, for one, some or all partitions at once, while price plus soft time falls."""
    price, gbps = instance["price"].tolist(), np.maximum(instance["throughput"], 0.001).tolist()
    ingress, egress = instance["ingress"].tolist(), instance["egress"].tolist()
    source, size, n = instance["source"], instance["partition_gb"], len(price)
    goal = set(instance["destinations"]) | {source}
    out, into = [{} for _ in range(n)], [{} for _ in range(n)]
    trees, kids = [], []
    total_in, total_out = [0.0] * n, [0.0] * n
    slowest, softly, dirty = [0.0] * n, [0.0] * n, set()
    sending = 0.0

    def add(k, u, v):
        nonlocal sending
        trees[k][v] = u
        kids[k][u] += 1
        if v not in out[u]:
            total_in[v] += gbps[u][v]
            total_out[u] += gbps[u][v]
            dirty.update(into[v])
        dirty.add(u)
        out[u][v] = into[v][u] = out[u].get(v, 0) + 1
        sending += size * price[u][v]

    def cut(k, v):
        nonlocal sending
        u = trees[k][v]
        trees[k][v] = -1
        kids[k][u] -= 1
        left = out[u][v] - 1
        if left:
            out[u][v] = into[v][u] = left
        else:
            del out[u][v], into[v][u]
            total_in[v] -= gbps[u][v]
            total_out[u] -= gbps[u][v]
            dirty.update(into[v])
        dirty.add(u)
        sending -= size * price[u][v]

    def move(k, v, u):
        """Hang v below u in tree k; a list of the edges before, or None if impossible."""
        old = trees[k][v]
        region = u
        if u == old or old < 0 or u == v:
            return None
        if u != source and trees[k][u] < 0:
            if old == u:
                return None
            done = [(u, -1), (v, old)]
            cut(k, v)
            add(k, old, u)
            add(k, u, v)
            return done
        while region != source:
            if region == v:
                return None
            region = trees[k][region]
        done = [(v, old)]
        cut(k, v)
        add(k, u, v)
        while old not in goal and kids[k][old] == 0:
            above = trees[k][old]
            done.append((old, above))
            cut(k, old)
            old = above
        return done

    def undo(k, done):
        for v, _ in done:
            if trees[k][v] >= 0:
                cut(k, v)
        for v, old in done:
            if old >= 0:
                add(k, old, v)

    def seconds(u):
        """Time of the edges out of u, in units of one partition at 1 Gbps."""
        row, speed = out[u], gbps[u]
        share = egress[u] / len(row) if total_out[u] > egress[u] + 1e-9 else 1e9
        return [
            count / min(speed[v], share, ingress[v] / len(into[v]) if total_in[v] > ingress[v] + 1e-9 else 1e9)
            for v, count in row.items()
        ]

    def value():
        """Price in $ with soft time."""
        for u in dirty:
            times = seconds(u) if out[u] else [0.0]
            slowest[u], softly[u] = max(times), sum([time**POWER for time in times])
        dirty.clear()
        hurry = urge * 8.0 * size * (instance["vm_price"] * (n + 1 - into.count({})) + instance["delay_price"])
        return sending + hurry * ((1.0 - SOFT) * max(slowest) + SOFT * sum(softly) ** (1.0 / POWER))

    for k, parent in enumerate(plan):
        trees.append([-1] * n)
        kids.append([0] * n)
        for region in instance["destinations"]:
            while region != source and trees[k][region] < 0:
                add(k, parent[region], region)
                region = parent[region]
    near = [sorted((u for u in range(n) if u != v), key=lambda u: price[u][v] * size + HURRY * instance["delay_price"] * 8.0 * size / gbps[u][v]) for v in range(n)]
    urge = 1.0
    now = value()

    def attempt(changes):
        """Do these (region, parent, partitions), if what they cost together is less; else take them back."""
        nonlocal now, budget
        done = []
        for v, u, some in changes:
            for k in some:
                before = move(k, v, u)
                if before:
                    done.append((k, before))
        if done:
            budget -= 1
            worth = value() if sending < now else now
            if worth < now - 1e-7:
                now = worth
                return True
            for k, before in reversed(done):
                undo(k, before)
        return False

    def users(p, v):
        return [k for k in range(len(trees)) if trees[k][v] == p]

    def shift(p, v, critical):
        """Move v away from p; only to cheaper parents where time is not critical."""
        some = users(p, v)
        old = price[p][v] if p in goal else 1e9
        members = [u for u in near[v] if (u == source or into[u]) and u != p][:NEAR]
        members += [u for u in near[v] if not into[u] and u not in (source, p)][:STRANGERS]
        for u in members:
            if critical or price[u][v] < old - 1e-12:
                for part in {len(some), (len(some) + 1) // 2, 1}:
                    if v in out[p] and attempt([(v, u, some[:part])]):
                        return True
        return False

    def hub(p):
        """Move several children of p below one region, which may be a new relay."""
        for u in range(n):
            if u == p or len(out[p]) < 2:
                continue
            gain = sorted((v for v in out[p] if v != u), key=lambda v: price[u][v] - price[p][v])
            saving = sum(1 for v in gain if price[u][v] < price[p][v])
            loss = sum(max(0.0, price[u][v] - price[p][v]) for v in gain) * size * instance["partitions"]
            for part in {saving, len(gain)}:
                if part == len(gain) and loss > LOSS * now:
                    continue
                if part > 1 and budget > 0 and attempt([(v, u, users(p, v)) for v in gain[:part]]):
                    return True
        return False

    def dissolve(r):
        """Move all children of a relay to the cheapest other regions."""
        changes = []
        for v in list(out[r]):
            for u in near[v]:
                if u != r and u in goal and (u == source or into[u]):
                    changes.append((v, u, users(r, v)))
                    break
        return attempt(changes)

    def settle():
        """Move until nothing helps."""
        moving = True
        while moving and budget > 0:
            moving = False
            edges = sorted(((time, u, v) for u in range(n) if out[u] for time, v in zip(seconds(u), out[u])), reverse=True)
            tight = [(u, v) for time, u, v in edges if time > TIGHT * edges[0][0]]
            for p, v in tight:
                for w in [v] + [w for w in out[p] if w != v]:
                    if w in out[p] and budget > 0 and shift(p, w, True):
                        moving = True
                        break
                if moving:
                    break
            if moving:
                continue
            for p in range(n):
                if out[p] and budget > 0:
                    if len(out[p]) > 1 and hub(p):
                        moving = True
                    if p not in goal and out[p] and dissolve(p):
                        moving = True
                for w in list(out[p]):
                    if w in out[p] and budget > 0 and shift(p, w, False):
                        moving = True

    best, lowest = None, 1e30
    for urge in urges:
        now = value()
        settle()
        urge = 1.0
        worth = value()
        if worth < lowest - 1e-7:
            best, lowest = [list(tree) for tree in trees], worth
        if budget <= 0:
            break
    return best


def total(instance, plan):
    """What the plan costs in $."""
    n, source, size = len(instance["price"]), instance["source"], instance["partition_gb"]
    count = np.zeros((n, n))
    for parent in plan:
        seen = {source}
        for region in instance["destinations"]:
            while region not in seen:
                seen.add(region)
                count[parent[region], region] += 1.0
                region = parent[region]
    used = count > 0
    rate = np.maximum(instance["throughput"], 0.001)
    into, out = used.sum(0), used.sum(1)
    full_in = (rate * used).sum(0) > instance["ingress"]
    full_out = (rate * used).sum(1) > instance["egress"]
    rate = np.minimum(rate, np.where(full_in, instance["ingress"] / np.maximum(into, 1), np.inf)[None, :])
    rate = np.minimum(rate, np.where(full_out, instance["egress"] / np.maximum(out, 1), np.inf)[:, None])
    seconds = (8.0 * size * count / rate).max()
    regions = 1 + int(((into > 0) & (np.arange(n) != source)).sum())
    sending = size * (count * instance["price"]).sum()
    return sending + seconds * (instance["vm_price"] * regions + instance["delay_price"])
