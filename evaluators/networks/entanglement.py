"""Periodic entanglement generation in a quantum network: non-preemptive list scheduling over one hyperperiod.

After Skrzypczyk and Wehner, An architecture for meeting quality-of-service requirements in multi-user quantum networks,
arXiv:2111.13124 (2021), where scheduling is a periodic resource-constrained project problem.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from functools import partial
from itertools import pairwise
from typing import NamedTuple

from evaluators.drawing import Box, Drawing, first, titled
from evaluators.networks import entanglement_instances
from evaluators.networks.entanglement_instances import Demands, Task
from evaluators.protocol import Evaluator, Feature, Instance, Labels, Outcome, Reference, Table
from evaluators.ties import smallest

JITTER_WEIGHT = 10.0  # percentage points of lost throughput that the worst possible jitter is worth

Starts = dict[int, list[int]]  # task: when each of its instances starts, in slots


class Bar(NamedTuple):
    """Qubit `resource` is held for `task` from `start` to `end`, in slots."""

    resource: int
    task: int
    start: int
    end: int


class Entanglement(Evaluator):
    """Tasks ask one by one; each is kept if the rule then finds a schedule of all that are kept.

    A schedule places the instances of each task in order. Of the tasks' next instances, the one with the smallest
    priority starts where its qubits are free first.
    """

    measure = "lost throughput and jitter, % of demand"
    scale = "lost throughput beyond the bound, % of demand, + 10 x worst relative jitter"
    headline = ("throughput", "jitter")
    features = (
        Feature("release", "first slot in which this instance may start: k T"),
        Feature("deadline", "slot by which it must have ended: (k + 1) T"),
        Feature("latest", "last slot in which it may start: deadline - C"),
        Feature("start", "slot in which it would start now: the first from its release on where its qubits are free"),
        Feature("slack", "latest - start"),
        Feature("C", "number of slots that it takes"),
        Feature("T", "period of its task, a power of two"),
        Feature(
            "drift", "start minus the slot one period after the last instance's start, may be negative; 0 if first"
        ),
        Feature("left", "number of instances of the task that are not placed, this one included"),
        Feature("hops", "number of links on the path"),
        Feature("use", "share of time that its task holds qubits, summed over them", integer=False),
        Feature("busiest", "largest share of time in which one of its qubits is in use by all tasks", integer=False),
        Feature("rivals", "number of other tasks with instances to place that share a qubit with it"),
        Feature("rival_latest", "smallest `latest` of the next instances of those; the hyperperiod if there is none"),
        Feature("rival_deadline", "`deadline` of that instance; the hyperperiod if there is none"),
        Feature("hyperperiod", "the longest period, after which the schedule repeats", scalar=True),
        Feature("n_tasks", "number of tasks to schedule", scalar=True),
        Feature("n_pending", "number of tasks with instances to place", scalar=True),
    )

    def instances(
        self, split: str, *, topologies: Sequence[str], loads: Sequence[int], per_class: int
    ) -> list[Instance]:
        """`per_class` sets of demands for each topology and load (pairs a second)."""
        return entanglement_instances.make(split, topologies, loads, per_class)

    def reference(self, instance: Instance) -> Reference:
        """What is lost at least: all that is asked for beyond a proven bound on throughput; no jitter."""
        return Reference(cost_of(instance.data, instance.data.most, 0.0), "bound")

    def gap(self, instance: Instance, cost: float, reference: Reference) -> float:
        """Percentage points above the bound, which is 0 where all may be served."""
        return cost - reference.value

    def episode(self, instance: Instance, labels: Labels) -> Generator[Table, list[float], Outcome]:
        """Ask for the priorities of the next instances of all tasks, once for each instance that is placed."""
        demands: Demands = instance.data
        order = labels.permutation("task", len(demands.tasks))
        kept: list[int] = []
        starts: Starts = {}
        use: dict[int, float] = {}
        for asking, task in enumerate(demands.tasks):
            together = {resource: use.get(resource, 0.0) + share for resource, share in task.use.items()}
            if any(share > 1 for share in together.values()):
                continue
            trying = {*kept, asking}
            found = yield from _schedule(demands.tasks, [j for j in order if j in trying], {**use, **together})
            if found is not None:
                starts = found
                kept.append(asking)
                use.update(together)
        return _outcome(demands, kept, starts)

    def draw(self, instance: Instance, outcome: Outcome) -> Drawing:
        """Which task holds which qubit, over one hyperperiod."""
        demands: Demands = instance.data
        longest = max(task.T for task in demands.tasks)
        shown = first(longest // task.T * len(task.busy) for task in demands.tasks)
        lanes = demands.qubits
        boxes = [
            Box(bar.start, bar.end, lanes[bar.resource], label=f"task {bar.task}")
            for bar in outcome.trace()
            if bar.task < shown
        ]
        y = titled("qubit", shown, len(demands.tasks))
        return Drawing(f"time, slots of {1000 * entanglement_instances.SLOT:g} ms", y, boxes, lanes)


class _Pending:
    """The next instance of a task, and where it could start."""

    __slots__ = ("forbidden", "index", "k", "last", "start", "task")

    def __init__(self, index: int, task: Task) -> None:
        self.index, self.task = index, task
        self.k = 0
        self.last = 0  # start of the instance before
        self.forbidden = 0  # bit s: some qubit is taken if it starts in slot s
        self.start = 0

    @property
    def release(self) -> int:
        return self.k * self.task.T

    @property
    def deadline(self) -> int:
        return (self.k + 1) * self.task.T

    @property
    def latest(self) -> int:
        return (self.k + 1) * self.task.T - self.task.C

    def look(self) -> None:
        """Find the first slot from the release on that is not forbidden."""
        free = ~self.forbidden >> self.release
        self.start = self.release + (free & -free).bit_length() - 1


def _schedule(
    tasks: Sequence[Task], order: Sequence[int], use: dict[int, float]
) -> Generator[Table, list[float], Starts | None]:
    """Place all instances of the tasks in `order` over one hyperperiod; None as soon as one cannot be placed in time.

    Every instance ends within its period, so nothing reaches over the end of the hyperperiod.
    """
    hyperperiod = max(tasks[j].T for j in order)
    pending = [_Pending(j, tasks[j]) for j in order]
    sharing = {j: {i for i in order if i != j and tasks[i].use.keys() & tasks[j].use.keys()} for j in order}
    starts: Starts = {j: [] for j in order}
    taken: dict[int, int] = dict.fromkeys((resource for j in order for resource in tasks[j].use), 0)  # bit s: slot s
    scalars = {"hyperperiod": hyperperiod, "n_tasks": len(order), "n_pending": 0}
    while pending:
        row = 0
        if len(pending) > 1:
            scalars["n_pending"] = len(pending)
            priorities = yield Table(_columns(pending, sharing, use, hyperperiod), scalars)
            row = smallest(priorities, [one.index for one in pending])
        chosen = pending[row]
        for resource, a, b in chosen.task.busy:
            taken[resource] |= ((1 << (b - a)) - 1) << (chosen.start + a)
        starts[chosen.index].append(chosen.start)
        chosen.last = chosen.start
        chosen.k += 1
        if chosen.deadline > hyperperiod:
            del pending[row]
        for one in pending:
            if one is chosen or one.index in sharing[chosen.index]:
                one.forbidden = _forbidden(one.task, taken)
                one.look()
                if one.start > one.latest:
                    return None
    return {j: starts[j] for j in sorted(starts)}


def _forbidden(task: Task, taken: dict[int, int]) -> int:
    """Bit s is set if the task cannot start in slot s because a qubit that it needs is taken then."""
    found = 0
    for resource, a, b in task.busy:
        held = taken[resource] >> a
        covered = 1  # bits of `held` that are merged so far, looking ahead
        while covered < b - a:
            step = min(covered, b - a - covered)
            held |= held >> step
            covered += step
        found |= held
    return found


def _columns(
    pending: Sequence[_Pending], sharing: dict[int, set[int]], use: dict[int, float], hyperperiod: int
) -> dict[str, Callable[[], list[float]]]:
    """What makes each column, a row for each task's next instance."""

    def column(value: Callable[[_Pending], float]) -> Callable[[], list[float]]:
        return lambda: [value(one) for one in pending]

    def rivals(one: _Pending) -> list[_Pending]:
        sharers = sharing[one.index]
        return [other for other in pending if other.index in sharers]

    def first_rival(one: _Pending) -> tuple[int, int]:
        return min(((other.latest, other.deadline) for other in rivals(one)), default=(hyperperiod, hyperperiod))

    return {
        "release": column(lambda one: one.release),
        "deadline": column(lambda one: one.deadline),
        "latest": column(lambda one: one.latest),
        "start": column(lambda one: one.start),
        "slack": column(lambda one: one.latest - one.start),
        "C": column(lambda one: one.task.C),
        "T": column(lambda one: one.task.T),
        "drift": column(lambda one: one.start - one.last - one.task.T if one.k else 0),
        "left": column(lambda one: hyperperiod // one.task.T - one.k),
        "hops": column(lambda one: one.task.hops),
        "use": column(lambda one: sum(one.task.use.values())),
        "busiest": column(lambda one: max(use[resource] for resource in one.task.use)),
        "rivals": column(lambda one: len(rivals(one))),
        "rival_latest": column(lambda one: first_rival(one)[0]),
        "rival_deadline": column(lambda one: first_rival(one)[1]),
    }


def _outcome(demands: Demands, kept: Sequence[int], starts: Starts) -> Outcome:
    """Throughput in pairs a second; worst jitter over the tasks, in slots and relative to the largest possible."""
    tasks = demands.tasks
    hyperperiod = max((tasks[j].T for j in kept), default=1)
    jitter, relative = 0, 0.0
    for j in kept:
        between = gaps(starts[j], hyperperiod)
        spread = max(between) - min(between)
        jitter = max(jitter, spread)
        # starts lie in [kT, (k + 1) T - C], so gaps lie between C and 2 T - C
        relative = max(relative, spread / (2 * (tasks[j].T - tasks[j].C)))
    throughput = sum(tasks[j].rate for j in kept)
    metrics = {"throughput": throughput, "jitter": float(jitter), "jitter_relative": relative, "kept": float(len(kept))}
    return Outcome(
        cost_of(demands, throughput, relative),
        metrics,
        decisions=[list(kept), [starts[j] for j in kept]],
        trace=partial(_bars, demands, starts),
    )


def _bars(demands: Demands, starts: Starts) -> list[Bar]:
    return sorted(
        Bar(resource, j, start + a, start + b)
        for j, of_task in starts.items()
        for start in of_task
        for resource, a, b in demands.tasks[j].busy
    )


def cost_of(demands: Demands, throughput: float, jitter: float) -> float:
    """Lost throughput in per cent of what is asked for, plus the worst relative jitter (0 to 1) times its weight."""
    return 100.0 * (demands.rate - throughput) / demands.rate + JITTER_WEIGHT * jitter


def gaps(starts: Sequence[int], hyperperiod: int) -> list[int]:
    """Slots between the starts of successive instances, the first one of the next hyperperiod included."""
    return [after - before for before, after in pairwise([*starts, starts[0] + hyperperiod])]
