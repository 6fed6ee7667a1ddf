"""Any legal start; then the models of the worst GPU and of one or two others are divided anew, in the best way."""

import numpy as np

MOST = 12  # models of two GPUs that are divided anew at once
SHUFFLES = 5000  # times that two other GPUs are shuffled when the worst one is stuck
WORK = 8000000  # splits looked at in all
TRIAL = 2000  # what a division costs besides its splits
THREE = 13  # models of three GPUs that are divided anew at once
PAIRS = 150  # splits of them that are combined
SPREAD = 0.3  # share of the shuffles that make the two GPUs as different as possible


def solve(instance):
    """Divide the models of the worst GPU and one other anew; when stuck, shuffle two others below the worst pressure."""
    size = np.array(instance["size"], dtype=float)
    weight = np.array(instance["rate"], dtype=float) / np.array(instance["slo"], dtype=float)
    memory, gpus = float(instance["memory"]), instance["gpus"]
    placement = emptiest(instance)
    work = 0
    groups = [[j for j in range(len(size)) if placement[j] == g] for g in range(gpus)]
    pressures = [float(weight[group].sum() / (memory - size[group].sum())) for group in groups]
    bound = max(
        weight.sum() / (gpus * memory - size.sum()),
        (weight / np.maximum(memory - size, 1e-9)).max(),
    )

    def divide(g, h, limit, pick):
        """Split the models of g and h anew below the limit: the best split for pick = -1, else some other one."""
        nonlocal work
        models = sorted(groups[g] + groups[h], key=lambda j: size[j])
        free, fixed = models[:MOST], models[MOST:]
        work += TRIAL + 2 ** len(free)
        if len(free) < 2:
            return False
        keep = [j for j in fixed if j in groups[g]]
        gigabytes, load = np.array([size[keep].sum()]), np.array([weight[keep].sum()])
        for position, j in enumerate(free):
            if position == 0 and not fixed:  # the other half of the splits is the mirror image
                gigabytes, load = gigabytes + size[j], load + weight[j]
            else:
                gigabytes = np.concatenate((gigabytes, gigabytes + size[j]))
                load = np.concatenate((load, load + weight[j]))
        left = memory - gigabytes
        other = memory - (size[models].sum() - gigabytes)
        legal = (left > 0.5) & (other > 0.5)
        first = load / np.where(legal, left, 1.0)
        second = (weight[models].sum() - load) / np.where(legal, other, 1.0)
        worse = np.where(legal, np.maximum(first, second), np.inf)
        if pick < 0:
            index = int(worse.argmin())
            if not worse[index] < limit:
                return False
        else:
            good = np.flatnonzero(worse < limit)
            if len(good) < 2:
                return False
            if pick % 100 < 100 * SPREAD:  # the quieter of the two as quiet as possible, or nearly
                quiet = np.minimum(first, second)[good]
                good = good[np.argsort(quiet, kind="stable")[: 2 + len(good) // 8]]
            index = int(good[pick * 7919 % len(good)])
        mirror = 1 if not fixed else 0
        chosen = list(keep)
        for position, j in enumerate(free):
            bit = 1 if position < mirror else (index >> (position - mirror)) & 1
            if bit:
                chosen.append(j)
        inside = set(chosen)
        groups[g], groups[h] = chosen, [j for j in models if j not in inside]
        pressures[g], pressures[h] = float(first[index]), float(second[index])
        return True

    def improve(partners):
        """Divide the worst GPU with the partners, quietest first; True when its pressure fell."""
        worst = max(range(gpus), key=lambda g: pressures[g])
        limit = pressures[worst] * (1.0 - 1e-9)
        for h in sorted(partners, key=lambda g: pressures[g]):
            if h != worst and divide(worst, h, limit, -1):
                return True
        return False

    def three(f, g, h, limit):
        """Divide the models of three GPUs anew so that all end below the limit; only splits that waste little count."""
        nonlocal work
        models = groups[f] + groups[g] + groups[h]
        if len(models) > THREE:
            return False
        gigabytes, load = np.zeros(1), np.zeros(1)
        for j in models:
            gigabytes = np.concatenate((gigabytes, gigabytes + size[j]))
            load = np.concatenate((load, load + weight[j]))
        charge, room = load + limit * gigabytes, limit * memory
        slack = 3.0 * room - charge[-1]
        work += TRIAL + len(charge)
        if slack <= 0.0:
            return False
        good = (memory - gigabytes > 0.5) & (charge < room) & (charge >= room - slack - 1e-9)
        masks, everything = np.flatnonzero(good), len(charge) - 1
        one = masks[masks % 2 == 1][:PAIRS, None]  # the GPU that gets the first model
        two = masks[masks % 2 == 0][None, :PAIRS]
        work += one.size * two.size
        rows, columns = np.nonzero(((one & two) == 0) & good[everything ^ one ^ two])
        if len(rows) == 0:
            return False
        one, two = one[rows, 0], two[0, columns]
        ratio = load / np.maximum(memory - gigabytes, 0.5)
        parts = (one, two, everything ^ one ^ two)
        index = int(np.maximum(np.maximum(ratio[parts[0]], ratio[parts[1]]), ratio[parts[2]]).argmin())
        for gpu, part in zip((f, g, h), parts):
            mask = int(part[index])
            groups[gpu] = [j for position, j in enumerate(models) if mask >> position & 1]
            pressures[gpu] = float(ratio[mask])
        return True

    def settle():
        while work < WORK and max(pressures) > bound * (1.0 + 1e-9) and improve(range(gpus)):
            pass

    settle()
    for step in range(SHUFFLES):
        limit = max(pressures) * (1.0 - 1e-9)
        if gpus < 3 or limit <= bound or work > WORK:
            break
        g = step % gpus
        h = (g + 1 + step * 31 // gpus % (gpus - 1)) % gpus
        if max(pressures[g], pressures[h]) < limit:
            worst = max(range(gpus), key=lambda gpu: pressures[gpu])
            if three(worst, g, h, limit) or (divide(g, h, limit, step * 61) and improve((g, h))):
                settle()
    answer = [0] * len(size)
    for g, group in enumerate(groups):
        for j in group:
            answer[j] = g
    return answer


def emptiest(instance):
    """A legal placement to start from: largest first, on the GPU with the most memory free."""
    free = [instance["memory"] for _ in range(instance["gpus"])]
    placement = [0 for _ in instance["size"]]
    for gigabytes, j in sorted(((size, j) for j, size in enumerate(instance["size"])), reverse=True):
        best = free.index(max(free))
        placement[j] = best
        free[best] -= gigabytes
    return placement
