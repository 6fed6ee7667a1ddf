"""The optimum, for up to 20 models: bisection on the pressure with a complete search for a packing; others by best fit.

Where a complete search would take too long, best fit decreasing takes its place.
"""

SMALL = 20


def solve(instance):
    gpus, memory = instance["gpus"], instance["memory"]
    size, rate, slo = instance["size"], instance["rate"], instance["slo"]
    load = [r / s for r, s in zip(rate, slo, strict=True)]
    pack = complete if len(size) <= SMALL else best_fit
    placement = emptiest(gpus, size)
    high = pressure(placement, gpus, memory, size, load)
    low = sum(load) / (gpus * memory - sum(size))
    while high - low > 1e-9 * high:
        t = (low + high) / 2
        found = pack(t, gpus, memory, size, load)
        if found:
            placement, high = found, min(t, pressure(found, gpus, memory, size, load))
        else:
            low = t
    return placement


def complete(t, gpus, memory, size, load):
    """A placement with a pressure of at most t, or None if there is none.

    GPU after GPU gets the largest item left and any set of others, as long as all GPUs together can spare the room.
    """
    item = [w + t * s for w, s in zip(load, size, strict=True)]
    order = sorted(range(len(item)), key=item.__getitem__, reverse=True)
    placement = [0] * len(item)
    hopeless = set()

    def fill(left, gpu, spare):
        if not left:
            return True
        if gpu == gpus or (left, gpu) in hopeless:
            return False
        for members, room in sets(left[1:], t * memory - item[left[0]], spare):
            members = (left[0], *members)
            if fill(tuple(j for j in left if j not in members), gpu + 1, spare - room):
                for j in members:
                    placement[j] = gpu
                return True
        hopeless.add((left, gpu))
        return False

    def sets(items, room, spare):
        if room < 0 or room - sum(item[j] for j in items) > spare:
            return
        if not items:
            yield (), room
            return
        for members, rest in sets(items[1:], room - item[items[0]], spare):
            yield (items[0], *members), rest
        yield from sets(items[1:], room, spare)

    spare = gpus * t * memory - sum(item)
    if spare >= 0 and fill(tuple(order), 0, spare + 1e-9):  # rounding must not rule out what fits exactly
        return placement
    return None


def best_fit(t, gpus, memory, size, load):
    """A placement with a pressure of at most t, if best fit decreasing finds one."""
    item = [w + t * s for w, s in zip(load, size, strict=True)]
    left = [t * memory] * gpus
    used = [0] * gpus
    placement = [0] * len(size)
    for j in sorted(range(len(size)), key=item.__getitem__, reverse=True):
        room = [g for g in range(gpus) if left[g] >= item[j] and used[g] + size[j] < memory]
        if not room:
            return None
        g = min(room, key=left.__getitem__)
        placement[j] = g
        left[g] -= item[j]
        used[g] += size[j]
    return placement


def pressure(placement, gpus, memory, size, load):
    used, loads = [0] * gpus, [0.0] * gpus
    for j, g in enumerate(placement):
        used[g] += size[j]
        loads[g] += load[j]
    return max(w / (memory - u) for w, u in zip(loads, used, strict=True))


def emptiest(gpus, size):
    used = [0] * gpus
    placement = [0] * len(size)
    for j in sorted(range(len(size)), key=size.__getitem__, reverse=True):
        g = used.index(min(used))
        placement[j] = g
        used[g] += size[j]
    return placement
