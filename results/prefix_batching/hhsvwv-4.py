"""Groups of long answers first, opened by one group that a coarse engine, played on supposed answers, finds best."""
import heapq
import math
from statistics import NormalDist

ANSWER, SUFFIX, PREFIX, SIZE = 1.0, -0.15, -0.15, -0.05
RESERVES = (0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.17, 0.25, 0.35, 0.5)
LEADS, PLAYS, DOUBT, SPREAD = 12, 7, 0.2, 0.5
OVERHEAD, TOKEN, FREE, BUDGET = 9.0, 0.066, 77, 12000


def rank(size, prefix, suffixes, guess, weight):
    """Longest answers first; with weights: tokens of a suffix, of the prefix, requests of a group (all as logarithms)."""
    size, suffix = max(size, 1), max(suffixes, 1) / max(size, 1)
    return -(ANSWER * math.log(max(guess, 1)) + weight * (SUFFIX * math.log(max(suffix, 1))
             + PREFIX * math.log(max(prefix, 1)) + SIZE * math.log(size)))


def play(order, reserve, instance, answers):
    """Milliseconds that a coarse engine takes, by steps from one end of an answer to the next."""
    group, suffix, prefix = instance["group"], instance["suffix"], instance["prefix"]
    capacity, chunk = instance["capacity"], instance["chunk"]
    need, left, use = list(suffix), list(answers), [0] * len(prefix)
    since, due = [-1] * len(order), [0] * len(order)
    ready = [0] * len(prefix)
    ends, running, back, spent, used, step, n, debt, head = [], [], [], 0.0, 0, 0, 0, 0, 0
    while head < len(order) or back or n:
        while debt < chunk - n and (back or head < len(order)):
            i = back[-1] if back else order[head]
            tokens = need[i] + (0 if use[group[i]] else prefix[group[i]])
            if ready[group[i]] > step or n and used + tokens + n + reserve * capacity > capacity:
                break
            if back:
                back.pop()
            else:
                head += 1
            used, debt, n = used + tokens, debt + tokens, n + 1
            if not use[group[i]]:
                ready[group[i]] = step + 1 + (debt - suffix[i]) // chunk
            use[group[i]] += 1
            since[i], due[i] = step, step + left[i] + debt // chunk
            heapq.heappush(ends, (due[i], i))
            running.append(i)
        k = 1 if debt else max(1, min(ends[0][0] - step, (capacity - used) // n))
        done = min(debt, max(1, chunk - n))  # a prefix with the suffix of its own request only: the others wait for it
        debt, step, used = debt - done, step + k, used + n * k
        spent += OVERHEAD * k + TOKEN * max(FREE * k, n * k + done)
        while ends and (ends[0][0] <= step or used + n > capacity and n > 1):
            preempt = ends[0][0] > step
            i = running.pop() if preempt else heapq.heappop(ends)[1]
            if since[i] < 0 or not preempt and due[i] > step:
                continue
            grown = step - since[i]
            used, n, since[i] = used - need[i] - grown, n - 1, -1
            use[group[i]] -= 1
            if not use[group[i]]:
                used -= prefix[group[i]]
            if preempt:
                need[i], left[i] = need[i] + grown, max(1, left[i] - grown)
                back.append(i)
    return spent


def solve(instance):
    """Order groups by a weighted product of answer, prompt and size, one group before all; play to choose it and the reserve."""
    instance = {name: v.tolist() if hasattr(v, "tolist") else v for name, v in instance.items()}
    group, prefix, guess = instance["group"], instance["prefix"], instance["guess"]
    size, suffixes = [0] * len(prefix), [0] * len(prefix)
    for g, tokens in zip(group, instance["suffix"], strict=True):
        size[g] += 1
        suffixes[g] += tokens
    normal = NormalDist().inv_cdf
    logs = [math.log(max(1, x)) for x in guess]
    middle = sum(logs) / len(logs)
    variance = sum((x - middle) ** 2 for x in logs) / len(logs)
    trust = max(0.3, 1 - DOUBT ** 2 / max(1e-9, variance))
    mean = [math.exp(middle + trust * (x - middle)) for x in logs]
    doubt = DOUBT * math.sqrt(trust)

    def draw(k, step):
        return normal(0.001 + 0.998 * (k * step % 1))

    answers = [[max(1, min(3000, int(mean[g] * math.exp(doubt * draw(g + 1 + 7 * k, 0.7548776662)
               + SPREAD * draw(i + 1 + 5 * k, 0.6180339887) - SPREAD ** 2 / 2)))) for i, g in enumerate(group)]
               for k in range(max(3, min(PLAYS, BUDGET // len(group))))]

    def order_of(lead, weight):
        value = [rank(size[g], prefix[g], suffixes[g], guess[g], weight) for g in range(len(prefix))]
        return sorted(range(len(group)), key=lambda i: (group[i] != lead, value[group[i]], group[i]))

    def cost(choice):
        order = order_of(*choice[:2])
        return sum(play(order, choice[2], instance, a) for a in answers)

    by_guess = sorted(range(len(prefix)), key=lambda g: guess[g])
    leads = [-1] + [by_guess[(2 * k + 1) * len(prefix) // (2 * LEADS)] for k in range(LEADS)]
    best = min(((-1, 1.0, r) for r in RESERVES), key=cost)
    best = min(((lead, 1.0, best[2]) for lead in leads), key=cost)
    best = min(((best[0], w, best[2]) for w in (-1.0, 0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0)), key=cost)
    best = min(((best[0], best[1], r) for r in RESERVES), key=cost)
    return {"order": order_of(*best[:2]), "reserve": best[2]}
