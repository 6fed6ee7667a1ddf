"""Makespan of a job shop, J || C_max (Pinedo, Scheduling, chapter 7), by dispatching: the simulator.

The schedule generation scheme is non-delay: a machine never waits while an operation is ready for it. The same rule
under another scheme (Giffler and Thompson's active schedules, say) gives other figures, mostly worse ones.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Generator, Sequence
from functools import partial
from heapq import heappop, heappush
from itertools import accumulate

from evaluators.drawing import Drawing
from evaluators.machines import drawing, shop_instances
from evaluators.machines.one_machine import makespan_bound
from evaluators.machines.shop import Shop, non_delay
from evaluators.protocol import Evaluator, Feature, Instance, Labels, Outcome, Reference, Table
from evaluators.ties import smallest


class JobShop(Evaluator):
    """Whenever a machine is free and operations wait for it, the one with the smallest priority starts."""

    measure = "makespan, units of time"
    scale = "(C_max - reference) / reference, %"
    features = (
        Feature("p", "processing time of the waiting operation"),
        Feature("work_left", "processing time of all operations that the job still needs, this one included"),
        Feature("work_after", "the same without this one: what is left once it is done"),
        Feature("ops_left", "number of operations that the job still needs, this one included"),
        Feature("work_done", "processing time of the job's finished operations"),
        Feature("work_total", "processing time of all of the job's operations"),
        Feature("ready", "time at which the job came to this machine"),
        Feature("p_next", "processing time of the job's next operation, 0 if this is the last"),
        Feature("queue_next", "processing time of the operations that wait for the machine of the next operation"),
        Feature("load_next", "processing time of all operations that have not started on the machine of the next one"),
        Feature("free_next", "time at which that machine is free; t if it is idle, or if this operation is the last"),
        Feature("t", "current time: the operation would start now", scalar=True),
        Feature("free", "time at which this machine became free, at most t", scalar=True),
        Feature("queue", "processing time of all operations that wait for this machine", scalar=True),
        Feature("n_queue", "number of operations that wait for this machine", scalar=True),
        Feature("load", "processing time of all operations that have not started on this machine", scalar=True),
        Feature("n", "number of jobs of the shop", scalar=True),
        Feature("m", "number of machines of the shop", scalar=True),
    )

    def instances(self, split: str, *, generator: str, sizes: Sequence[Sequence[int]] = ()) -> list[Instance]:
        """generator: "taillard", "two sets" or "taillard published"; sizes: [n, m, how many] for the first two."""
        return shop_instances.make(split, generator, sizes)

    def reference(self, instance: Instance) -> Reference:
        """Best known for published instances; otherwise a proven lower bound."""
        return shop_instances.published_reference(instance.key) or Reference(makespan_bound(instance.data), "bound")

    def episode(self, instance: Instance, labels: Labels) -> Generator[Table, list[float], Outcome]:
        """Ask for the priorities of the operations that wait for a free machine, where there are at least two."""
        return _simulate(instance.data, labels.permutation("job", instance.data.n))

    def draw(self, instance: Instance, outcome: Outcome) -> Drawing:
        """The schedule, machine by machine."""
        return drawing.gantt(instance.data, outcome.trace())


def _simulate(shop: Shop, job_of: list[int]) -> Generator[Table, list[float], Outcome]:
    """Events are completions of operations. At each moment the free machines are served in the order of their index.

    `job_of[label]` is the true job; operations are numbered label * m + k, so waiting lists are in label order.
    """
    n, m = shop.n, shop.m
    ops = _Operations(shop, job_of)
    p, machine_of = ops.p, ops.machine_of
    job_of_op = [job for job in job_of for _ in range(m)]
    ready = [0] * (n * m)
    waiting: list[list[int]] = [[] for _ in range(m)]
    queue, load, free = [0] * m + [0], [0] * m + [0], [0] * m + [0]  # machine m stands for "no next machine"
    for op in range(n * m):
        load[machine_of[op]] += p[op]
    for op in range(0, n * m, m):
        waiting[machine_of[op]].append(op)
        queue[machine_of[op]] += p[op]

    completions: list[tuple[int, int, int]] = []  # (time, machine, operation)
    busy = [False] * m
    awake = list(range(m))  # machines that became free, or got work, at this moment
    dispatched: list[int] = []
    t = 0
    eligible: list[int] = []
    columns = _columns(ops, ready, queue, load, free, lambda: eligible, lambda: t)
    scalars = {"t": 0, "free": 0, "queue": 0, "n_queue": 0, "load": 0, "n": n, "m": m}
    while True:
        for machine in awake:
            eligible = waiting[machine]
            if busy[machine] or not eligible:
                continue
            place = 0
            if (count := len(eligible)) > 1:
                scalars["t"], scalars["free"], scalars["n_queue"] = t, free[machine], count
                scalars["queue"], scalars["load"] = queue[machine], load[machine]
                priorities = yield Table(columns, scalars, count)
                low = min(priorities)
                place = priorities.index(low)
                if priorities.count(low) > 1:
                    place = smallest(priorities, [job_of_op[op] for op in eligible])
            op = eligible.pop(place)
            dispatched.append(job_of_op[op])
            queue[machine] -= p[op]
            load[machine] -= p[op]
            busy[machine] = True
            free[machine] = end = t + p[op]
            heappush(completions, (end, machine, op))
        if not completions:
            break
        t = completions[0][0]
        woken = set()
        while completions and completions[0][0] == t:
            _, machine, op = heappop(completions)
            busy[machine] = False
            woken.add(machine)
            if (following := machine_of[op + 1] if (op + 1) % m else m) < m:
                ready[op + 1] = t
                insort(waiting[following], op + 1)
                queue[following] += p[op + 1]
                woken.add(following)
        awake = sorted(woken)
    return Outcome(float(t), decisions=dispatched, trace=partial(non_delay, shop, dispatched))


class _Operations:
    """What never changes of the operations, each a list over label * m + k."""

    def __init__(self, shop: Shop, job_of: Sequence[int]) -> None:
        m = shop.m
        self.p = [length for job in job_of for length in shop.p[job]]
        self.machine_of = [machine for job in job_of for machine in shop.route[job]]
        self.work_total = [total for job in job_of for total in [sum(shop.p[job])] * m]
        through = [end for job in job_of for end in accumulate(shop.p[job])]
        self.work_done = [end - length for end, length in zip(through, self.p, strict=True)]
        self.work_after = [total - end for total, end in zip(self.work_total, through, strict=True)]
        self.work_left = [after + length for after, length in zip(self.work_after, self.p, strict=True)]
        self.ops_left = [m - k for _ in job_of for k in range(m)]
        self.p_next = [length for job in job_of for length in (*shop.p[job][1:], 0)]
        self.next_machine = [machine for job in job_of for machine in (*shop.route[job][1:], m)]


def _columns(
    ops: _Operations,
    ready: list[int],
    queue: list[int],
    load: list[int],
    free: list[int],
    eligible: Callable[[], list[int]],
    now: Callable[[], int],
) -> dict[str, Callable[[], list[int]]]:
    """What makes each column for the operations that are eligible when it is called."""

    def of_operation(values: list[int]) -> Callable[[], list[int]]:
        return lambda: list(map(values.__getitem__, eligible()))

    def of_next_machine(values: list[int]) -> Callable[[], list[int]]:
        return lambda: [values[ops.next_machine[op]] for op in eligible()]

    def free_next() -> list[int]:
        t = now()
        return [max(t, free[ops.next_machine[op]]) for op in eligible()]

    fixed = ("p", "work_left", "work_after", "ops_left", "work_done", "work_total", "p_next")
    return {name: of_operation(getattr(ops, name)) for name in fixed} | {
        "ready": of_operation(ready),
        "queue_next": of_next_machine(queue),
        "load_next": of_next_machine(load),
        "free_next": free_next,
    }
