"""A lower bound of a program's latency over all memory mappings: a linear program without addresses."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_array

from evaluators.memory.programs import Program

SAFETY = 1e-6  # relative: more than the solver's tolerances


def latency_bound(program: Program) -> float:
    """A number that no mapping's latency lies below, in microseconds.

    Relaxed: a tensor may be kept in part, and addresses do not matter (so nothing is ever fragmented); at every step
    the kept bytes fit, a knapsack per step. Per tensor, x_k is the share that stays from its k-th use to the next, s_k
    the share with which a stay begins there, w the share of a temporary that stays for its whole life and so is never
    transferred; the share x_(k-1) + s_k of the k-th use is served by fast memory.
    """
    steps = len(program.compute)
    rows: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    upper: list[float] = []
    count = steps  # variables 0, ..., steps - 1 are the latencies of the steps

    def put(row: int, column: int, value: float) -> None:
        rows.append(row)
        columns.append(column)
        values.append(value)

    # rows 0, ..., steps - 1: memory time of a step <= its latency; then the capacity at each step
    for step in range(steps):
        put(step, step, -1.0)
    upper += [0.0] * steps + [1.0] * steps
    for size, uses, temporary in zip(program.size, program.uses, program.temporary, strict=True):
        last = len(uses) - 1
        x, s, w = count, count + last, count + 2 * last + 1
        count += 2 * last + 1 + temporary
        slow, fast, room = size / program.slow, size / program.fast, size / program.capacity
        for k, step in enumerate(uses):
            upper[step] -= slow
            put(step, s + k, fast)  # instead of a slow use, a transfer and a fast one
            put(steps + step, s + k, room)
            if k:
                put(step, x + k - 1, fast - slow)
                put(steps + step, x + k - 1, room)
            # x_k <= x_(k-1) + s_k <= 1
            row = len(upper)
            upper += [0.0, 1.0]
            put(row, s + k, -1.0)
            put(row + 1, s + k, 1.0)
            if k < last:
                put(row, x + k, 1.0)
            if k:
                put(row, x + k - 1, -1.0)
                put(row + 1, x + k - 1, 1.0)
        for k in range(last):
            for step in range(uses[k] + 1, uses[k + 1]):
                put(steps + step, x + k, room)
        if temporary:
            put(uses[0], w, -slow)
            for column in (s, *range(x, x + last)):
                put(len(upper), w, 1.0)
                put(len(upper), column, -1.0)
                upper.append(0.0)
    matrix = coo_array((values, (rows, columns)), shape=(len(upper), count)).tocsr()
    least = np.concatenate([program.compute, np.zeros(count - steps)])
    most = np.concatenate([np.full(steps, np.inf), np.ones(count - steps)])
    objective = np.concatenate([np.ones(steps), np.zeros(count - steps)])
    bounds = np.column_stack([least, most])
    solved = linprog(objective, A_ub=matrix, b_ub=np.array(upper), bounds=bounds)  # type: ignore[call-overload]
    if solved.status != 0:
        raise ArithmeticError(f"the linear program was not solved: {solved.message}")
    return float(solved.fun) * (1 - SAFETY)
