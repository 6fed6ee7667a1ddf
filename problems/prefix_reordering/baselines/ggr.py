"""GGR, Quick-Greedy (Liu et al., arXiv:2403.05821): the group of equal cells that saves most is first, recursively.

A group's gain is its squared length, with that of columns that depend on it, times its rows but one. It ends with a
fixed order of columns where a recursion is deep or no group is left.
"""

from collections import Counter

DEPTH = 4  # groups within groups


def solve(instance):
    columns = instance["columns"]
    n, m = len(columns[0]), len(columns)
    lengths = [[len(cell) for cell in column] for column in columns]
    distinct = [len(set(column)) for column in columns]
    follows = [
        [k for k in range(m) if k != j and len(set(zip(columns[j], columns[k], strict=True))) == distinct[j]]
        for j in range(m)
    ]
    score = [(sum(lengths[j]) / n) ** 2 * (n / distinct[j] - 1) for j in range(m)]
    fixed = sorted(range(m), key=score.__getitem__, reverse=True)
    orders = [None] * n

    def reorder(rows, left, prefix, depth):
        if depth == DEPTH or len(rows) == 1 or len(left) <= 1:
            for i in rows:
                orders[i] = prefix + left
            return
        counts = {j: Counter(columns[j][i] for i in rows) for j in left}
        counts = {j: count for j, count in counts.items() if len(count) < len(rows)}
        while rows:
            best = None
            for j in counts:
                inferred = [k for k in follows[j] if k in left]
                for value, count in counts[j].most_common(8):
                    if count > 1:
                        gain = len(value) ** 2
                        if inferred:
                            i = next(i for i in where[j][value] if i in rows)
                            gain += sum(lengths[k][i] ** 2 for k in inferred)
                        gain *= count - 1
                        if best is None or gain > best[0]:
                            best = gain, j, value, inferred
            if best is None or best[0] == 0:
                for i in rows:
                    orders[i] = prefix + left
                return
            _, j, value, inferred = best
            group = {i for i in where[j][value] if i in rows}
            for k, count in counts.items():
                count.subtract(columns[k][i] for i in group)
            used = {j, *inferred}
            rest = [k for k in left if k not in used]
            rows -= group
            reorder(group, rest, [*prefix, j, *inferred], depth + 1)

    where = [{} for _ in range(m)]
    for j in range(m):
        for i in range(n):
            where[j].setdefault(columns[j][i], []).append(i)
    reorder(set(range(n)), fixed, [], 0)
    prompts = [[columns[j][i] for j in orders[i]] for i in range(n)]
    rows = sorted(range(n), key=prompts.__getitem__)
    return rows, [orders[i] for i in rows]
