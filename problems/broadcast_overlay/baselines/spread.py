"""Trees by price and time; then the child of the slowest edge moves elsewhere, for all or half of the partitions."""

import numpy as np

STEPS = 60  # at most so many moves a start


def solve(instance):
    count = instance["partitions"]
    plans = []
    for relief in (0.0, 0.1, 0.3, 1.0):
        weight = instance["price"] + relief * waiting_price(instance)
        parent = cheap_tree(weight, instance["source"], instance["destinations"])
        plans.append(improve(instance, [list(parent) for _ in range(count)]))
    return min(plans, key=lambda plan: Bill(instance).of(carried(instance, plan)))


def cheap_tree(weight, source, destinations):
    """Takahashi and Matsuyama's tree, with relays added one by one while that makes it cheaper."""
    distance, following = all_paths(weight)
    parent = grow(distance, following, source, destinations)
    best = cost(weight, parent, source, destinations)
    hubs = []
    improved = True
    while improved:
        improved = False
        for hub in range(len(weight)):
            if hub == source or hub in destinations or hub in hubs:
                continue
            other = grow(distance, following, source, [*hubs, hub, *destinations])
            value = cost(weight, other, source, destinations)
            if value < best - 1e-9:
                best, parent, better, improved = value, other, hub, True
        if improved:
            hubs.append(better)
    return parent


def waiting_price(instance):
    """$ per GB for the time that a link needs, if nothing else took longer."""
    hurry = instance["delay_price"] + instance["vm_price"] * (len(instance["destinations"]) + 1)
    return hurry * 8 / np.maximum(instance["throughput"], 0.001)


def improve(instance, plan):
    bill = Bill(instance)
    load = carried(instance, plan)
    best = bill.of(load)
    for _ in range(STEPS):
        move = None
        tail, head = bill.slowest(load)
        users = [k for k, parent in enumerate(plan) if parent[head] == tail]
        below = {k: descendants(plan[k], head) for k in users}
        for part in {len(users), (len(users) + 1) // 2}:
            chosen = users[:part]
            forbidden = set().union(*(below[k] for k in chosen)) | {tail}
            load[tail, head] -= part
            for other in range(len(load)):
                if other in forbidden or not all(joined(instance, plan[k], other) for k in chosen):
                    continue
                load[other, head] += part
                value = bill.of(load)
                load[other, head] -= part
                if value < best - 1e-9:
                    best, move = value, (other, chosen)
            load[tail, head] += part
        if move is None:
            break
        other, chosen = move
        for k in chosen:
            plan[k][head] = other
        load = carried(instance, plan)
        best = bill.of(load)
    return plan


def joined(instance, parent, region):
    return region == instance["source"] or parent[region] >= 0


def descendants(parent, top):
    """The regions that hang below `top`, itself included."""
    found = {top}
    while True:
        wider = found | {region for region, above in enumerate(parent) if above in found}
        if wider == found:
            return found
        found = wider


def carried(instance, plan):
    """Partitions on each edge; relays that lead nowhere are cut off."""
    load = np.zeros(instance["price"].shape)
    for k, parent in enumerate(plan):
        pruned = [-1] * len(parent)
        for region in instance["destinations"]:
            while region != instance["source"] and pruned[region] < 0:
                pruned[region] = parent[region]
                load[parent[region], region] += 1
                region = parent[region]
        plan[k] = pruned
    return load


class Bill:
    """What a load costs, as the statement says."""

    def __init__(self, instance):
        self.size = instance["partition_gb"]
        self.price = instance["price"] * self.size
        self.gbps, self.ingress, self.egress = instance["throughput"], instance["ingress"], instance["egress"]
        self.machine, self.delay = instance["vm_price"], instance["delay_price"]

    def seconds(self, load):
        tails, heads = np.nonzero(load)
        n = len(load)
        rate = self.gbps[tails, heads]
        into, out = np.bincount(heads, rate, n), np.bincount(tails, rate, n)
        fan_in, fan_out = np.bincount(heads, minlength=n), np.bincount(tails, minlength=n)
        share_in = np.where(into > self.ingress, self.ingress / np.maximum(fan_in, 1), np.inf)
        share_out = np.where(out > self.egress, self.egress / np.maximum(fan_out, 1), np.inf)
        rate = np.minimum(np.minimum(rate, share_in[heads]), share_out[tails])
        return tails, heads, 8 * self.size * load[tails, heads] / rate, np.count_nonzero(fan_in + fan_out)

    def of(self, load):
        tails, heads, seconds, regions = self.seconds(load)
        egress = float((load[tails, heads] * self.price[tails, heads]).sum())
        return egress + float(seconds.max()) * (self.delay + self.machine * regions)

    def slowest(self, load):
        """The edge that takes longest."""
        tails, heads, seconds, _ = self.seconds(load)
        late = int(seconds.argmax())
        return int(tails[late]), int(heads[late])


def cost(weight, parent, source, destinations):
    """Price per GB of the edges on the ways from the source to the destinations."""
    used = set()
    for region in destinations:
        while region != source and region not in used:
            used.add(region)
            region = parent[region]
    return sum(float(weight[parent[region], region]) for region in used)


def all_paths(weight):
    """Lengths of all cheapest paths, and the first step of each (Floyd and Warshall)."""
    n = len(weight)
    distance = weight.copy()
    np.fill_diagonal(distance, 0.0)
    following = np.tile(np.arange(n), (n, 1))
    for middle in range(n):
        through = distance[:, middle, None] + distance[None, middle]
        better = through < distance
        distance = np.where(better, through, distance)
        following = np.where(better, following[:, middle, None], following)
    return distance, following


def grow(distance, following, source, destinations):
    """What is first in the list joins first where distances are equal."""
    parent = [-1] * len(distance)
    waiting = list(destinations)
    reach = distance[source].copy()
    near = np.full(len(distance), source)
    while waiting:
        goal = waiting[int(reach[waiting].argmin())]
        region = int(near[goal])
        while region != goal:
            step = int(following[region, goal])
            if parent[step] < 0 and step != source:
                parent[step] = region
                closer = distance[step] < reach
                reach[closer] = distance[step][closer]
                near[closer] = step
            region = step
        waiting = [one for one in waiting if parent[one] < 0]
    return parent
