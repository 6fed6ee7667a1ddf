"""Ruin and recreate: stays compete by what their steps really save per byte and step; a wanted stay evicts the cheapest."""

from bisect import insort

import numpy as np

WORK = 550_000  # about microseconds
HEAT = 0.001  # first accepted worsening, as a share of the total time
EVICT = 0.7  # share of moves that force one stay in; the others clear a window
NOISE = 0.5  # of the order in which free room is filled again


def parts(uses):
    """Pairs (a, b) of uses worth a stay: all if few, else cuts at the longest gaps, single gaps, heads and tails."""
    n = len(uses)
    if n == 1:
        return [(0, 0)]
    if n <= 5:
        return [(a, b) for a in range(n) for b in range(a + 1, n)]
    found = {(j, j + 1) for j in range(n - 1)} | {(0, j) for j in range(1, n)} | {(j, n - 1) for j in range(n - 1)}
    todo = [(0, n - 1)]
    while todo:
        a, b = todo.pop()
        if a < b:
            found.add((a, b))
            cut = max(range(a, b), key=lambda j: uses[j + 1] - uses[j])
            todo += [(a, cut), (cut + 1, b)]
    return sorted(found)


def solve(instance):
    """Forces a wanted stay in where it evicts least, or clears a window, refills by real saving, keeps what is better."""
    capacity, compute = int(instance["capacity"]), instance["compute"]
    slow, fast = instance["slow_bandwidth"], instance["fast_bandwidth"]
    n_steps = len(compute)
    load = [0.0] * n_steps  # traffic of each step
    stays = []  # (tensor, mask of uses, size, first step, last step, [step, change of load], area, a, b)
    for i, (size, uses) in enumerate(zip(instance["size"], instance["uses"])):
        for t in uses:
            load[t] += size / slow
        if not uses or size > capacity:
            continue
        for a, b in parts(uses):
            change = [[t, size / fast - size / slow] for t in uses[a : b + 1]]
            if not (instance["temporary"][i] and b - a == len(uses) - 1):
                change[0][1] += size / slow
            if sum(d for _, d in change) < 0:
                mask = (1 << (b + 1)) - (1 << a)
                stays.append((i, mask, size, uses[a], uses[b], change, max(1, size) * (uses[b] - uses[a] + 1), a, b))
    if not stays:
        return []
    # The same as arrays, to judge all stays at once.
    owner, masks, sizes, firsts, lasts = (np.array([s[j] for s in stays]) for j in range(5))
    areas = np.array([float(s[6]) for s in stays])
    change_step = np.array([t for s in stays for t, _ in s[5]])
    change = np.array([d for s in stays for _, d in s[5]])
    begin = np.cumsum([0] + [len(s[5]) for s in stays[:-1]])
    floor_at = np.array(compute, dtype=float)
    level = np.array([(int(b - a) + 1).bit_length() - 1 for a, b in zip(firsts, lasts)])
    tails = lasts - (1 << level) + 1
    n_levels = int(level.max()) + 1
    noise_row = np.array([((k * 2654435761 + 12345) >> 7) % 65536 / 65536 for k in range(2 * len(stays) + 1)])
    placed = []  # (offset, top, first step, last step, number of the stay), by offset
    covered = [0] * len(instance["size"])  # mask of the uses inside stays, per tensor
    work, state = 0, 12345

    def draw():
        """Next of a fixed sequence of numbers from 0 to 1."""
        nonlocal state
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        return (state >> 8) / 0x800000

    def gain(k, sign=1):
        """Time saved by adding stay k; with sign -1, by removing it."""
        total = 0.0
        for t, d in stays[k][5]:
            now, then, floor = load[t], load[t] + sign * d, compute[t]
            total += (now if now > floor else floor) - (then if then > floor else floor)
        return total

    def toggle(k, sign):
        for t, d in stays[k][5]:
            load[t] += sign * d
        covered[stays[k][0]] ^= stays[k][1]

    def put(k, offset):
        insort(placed, (offset, offset + stays[k][2], stays[k][3], stays[k][4], k))

    def lowest(size, first, last):
        offset = 0
        for low, top, start, end, _ in placed:
            if top > offset and start <= last and end >= first:
                if low - offset >= size:
                    return offset
                offset = top
        return offset if offset + size <= capacity else -1

    def refill(first, last, power, noise):
        """Adds stays that touch the window where they fit, most real saving per area ** power first."""
        nonlocal work
        now = np.array(load)
        over = np.maximum(now - floor_at, 0.0)
        saved = over[change_step] - np.maximum((now - floor_at)[change_step] + change, 0.0)
        gains = np.add.reduceat(saved, begin)
        room = np.full(n_steps + 1, capacity)  # free bytes of each step, whatever their addresses
        for low, top, start, end, _ in placed:
            room[start] -= top - low
            room[end + 1] += top - low
        room[1:] -= capacity
        table = np.empty((n_levels, n_steps), dtype=room.dtype)  # least room of 2 ** level steps from each step on
        table[0] = np.cumsum(room)[:n_steps]
        for h in range(1, n_levels):
            half = 1 << (h - 1)
            table[h] = table[h - 1]
            np.minimum(table[h - 1, :-half], table[h - 1, half:], out=table[h, :-half])
        fits = np.minimum(table[level, firsts], table[level, tails]) >= sizes
        fits &= (gains > 1e-9) & (firsts <= last) & (lasts >= first) & (np.array(covered)[owner] & masks == 0)
        pool = np.flatnonzero(fits)
        turn = int(draw() * len(stays))
        value = gains[pool] / areas[pool] ** power * (1 + noise * noise_row[pool + turn])
        work += 60 + len(change) // 40 + len(placed) // 2
        for k in pool[np.argsort(-value, kind="stable")].tolist():
            i, mask, size, start, end = stays[k][:5]
            if not covered[i] & mask:
                work += 2 + len(placed) // 16
                offset = lowest(size, start, end)
                if offset >= 0 and gain(k) > 1e-9:
                    put(k, offset)
                    toggle(k, 1)

    def cost():
        return sum(map(max, compute, load))

    best, empty = None, load
    for power in (1.0, 0.8, 0.6, 0.4, 0.2):
        load, placed, covered = empty[:], [], [0] * len(covered)
        refill(0, n_steps, power, 0.0)
        if best is None or cost() < best[0]:
            best = (cost(), load[:], placed[:], covered[:])
    current, load, placed, covered = best[0], best[1][:], best[2][:], best[3][:]

    rounds = 0
    while work < WORK:
        rounds += 1
        work += n_steps // 16 + len(placed) // 4 + 20
        kept = (load[:], placed[:], covered[:])
        wanted, where = -1, 0
        if draw() < EVICT:
            most = 0.0
            for _ in range(6):
                k = int(draw() * len(stays))
                i, mask = stays[k][:2]
                if not covered[i] & mask:
                    value = gain(k) / stays[k][6] ** (0.5 + 0.5 * draw())
                    if value > most:
                        wanted, most = k, value
                elif covered[i] & mask != mask and draw() < 0.5:  # would lengthen a stay
                    wanted, most = k, float("inf")
            if wanted < 0:
                continue
            i, mask, size, first, last = stays[wanted][:5]
            gone = [p for p in placed if stays[p[4]][0] == i and stays[p[4]][1] & mask]
            rest = [p for p in placed if p[2] <= last and p[3] >= first and p not in gone]
            losses = [(p[0], p[1], -gain(p[4], -1)) for p in rest]
            offsets = {0, capacity - size} | {p[1] for p in rest} | {p[0] - size for p in rest}
            work += len(offsets) * (10 + len(rest)) // 20
            least = float("inf")
            for offset in sorted(offsets):
                if 0 <= offset <= capacity - size:
                    loss = sum(v for low, top, v in losses if low < offset + size and top > offset)
                    loss *= 0.7 + 0.6 * draw()
                    if loss < least:
                        least, where = loss, offset
            gone += [p for p in rest if p[0] < where + size and p[1] > where]
        else:
            middle, width = int(draw() * n_steps), int(draw() * draw() * n_steps * 0.15)
            share = 0.3 + 0.7 * draw()
            gone = [p for p in placed if p[2] <= middle + width and p[3] >= middle - width and draw() < share]
            if not gone:
                continue
            first, last = n_steps, 0
        dropped = set(gone)
        placed = [p for p in placed if p not in dropped]
        for p in gone:
            toggle(p[4], -1)
            first, last = min(first, p[2]), max(last, p[3])
        if wanted >= 0:
            put(wanted, where)
            toggle(wanted, 1)
        if rounds % 10 == 0:  # close the holes: all stays fall down, the lowest first
            fallen, placed = placed, []
            for p in fallen:
                put(p[4], lowest(stays[p[4]][2], p[2], p[3]))
            work += len(fallen) ** 2 // 20
            first, last = 0, n_steps
        refill(first, last, 0.3 + 0.8 * draw(), NOISE)
        now = cost()
        if now <= current + HEAT * best[0] * (1 - work / WORK) * draw():
            current = now
            if now < best[0] - 1e-9:
                best = (now, load[:], placed[:], covered[:])
        else:
            load, placed, covered = kept
    return [[stays[k][0], stays[k][7], stays[k][8], offset] for offset, _, _, _, k in best[2]]
