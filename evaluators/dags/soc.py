"""Jobs that are task graphs stream into a system on chip: an online scheduler maps ready tasks to PEs.

After DS3 (Arda et al., IEEE Transactions on Computers 69, 2020), the simulator behind DeepSoCS (Sung et al.,
Electronics 9(6), 2020), in its mode where data go from PE to PE.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from functools import partial
from heapq import heappop, heappush
from typing import NamedTuple

from evaluators.dags import soc_instances
from evaluators.dags.soc_instances import Stream
from evaluators.drawing import Box, Drawing, first, titled
from evaluators.protocol import Evaluator, Feature, Instance, Labels, Outcome, Reference, Table
from evaluators.ties import smallest

ARRIVALS = "arrivals"  # a lane of drawings


class Bar(NamedTuple):
    """Task `task` of job `job` ran on PE `pe` from `start` to `end`."""

    job: int
    task: int
    pe: int
    start: int
    end: int


class SocDag(Evaluator):
    """Whenever tasks are ready, the pair of a ready task and a PE with the smallest priority is mapped, until none is.

    A mapped task joins the PE's queue for good. An idle PE starts the first task of its queue whose data have arrived.
    """

    measure = "mean latency, units of time"
    scale = "mean latency above that of ETF, %"
    headline = ("latency_completed", "completed")
    features = (
        Feature("w", "expected time of this task on this PE"),
        Feature("w_mean", "expected time of the task, averaged over the PEs", integer=False),
        Feature("w_min", "expected time of the task on the PE that is fastest for it"),
        Feature("data", "time until the task's input data would be on this PE, from now; 0 if they are there"),
        Feature("wait", "expected time until this PE has worked off what is mapped to it, from now; 0 if it is idle"),
        Feature("eft", "expected time until the task would be finished on this PE, from now: max(data, wait) + w"),
        Feature("eft_min", "the smallest eft of the task over all PEs"),
        Feature("queued", "number of tasks that are mapped to this PE and not finished"),
        Feature(
            "up", "upward rank: mean times and data on the longest path from the task to the job's end", integer=False
        ),
        Feature("down", "downward rank: the same from the job's start to the task, the task excluded", integer=False),
        Feature("oct", "least time from the end of the task, run on this PE, to the job's end if PEs were always free"),
        Feature("oct_mean", "oct averaged over the PEs", integer=False),
        Feature("data_out", "time that the task's output takes to reach other PEs, summed over the tasks that need it"),
        Feature("children", "number of tasks that need the task's output"),
        Feature("age", "time since the task's job arrived"),
        Feature("tasks_left", "number of unfinished tasks of the job, this one included"),
        Feature("place", "place of the task among the ready ones, in order of becoming ready: 0, 1, ..."),
        Feature("n_ready", "number of ready tasks", scalar=True),
        Feature("n_pes", "number of PEs", scalar=True),
        Feature("jobs_in", "number of jobs in the system, at most 3", scalar=True),
        Feature("jobs_waiting", "number of jobs that have arrived and wait to be let in", scalar=True),
    )

    def instances(
        self,
        split: str,
        *,
        jobs: Sequence[Sequence[str]],
        scales: Sequence[int],
        stds: Sequence[float],
        horizon: int = soc_instances.HORIZON,
    ) -> list[Instance]:
        """A stream for each mix of task graphs, mean time between arrivals and noise; see `soc_instances.make`."""
        return soc_instances.make(split, jobs, scales, stds, horizon)

    def reference(self, instance: Instance) -> Reference:
        """The mean latency of ETF, and a proven lower bound."""
        return Reference(etf(instance).cost, "baseline", instance.data.bound)

    def episode(self, instance: Instance, labels: Labels) -> Generator[Table, list[float], Outcome]:
        """Ask for the priorities of all pairs of a ready task and a PE, for each task that is mapped."""
        return _simulate(instance.data, labels.permutation("pe", instance.data.m))

    def draw(self, instance: Instance, outcome: Outcome) -> Drawing:
        """What each PE runs, above it when jobs arrive; of a long stream the beginning."""
        stream: Stream = instance.data
        jobs = first(stream.graph(job).n + 1 for job in range(len(stream.arrivals)))
        until = stream.arrivals[jobs] if jobs < len(stream.arrivals) else stream.horizon
        arrivals = [Box(t, t, ARRIVALS, label=f"job {job}") for job, t in enumerate(stream.arrivals) if t < until]
        tasks = [
            Box(bar.start, bar.end, f"PE {bar.pe}", label=f"job {bar.job}")
            for bar in outcome.trace()
            if bar.start < until
        ]
        lanes = [ARRIVALS, *(f"PE {pe}" for pe in range(stream.m))]
        return Drawing(titled("time, units of time", until, stream.horizon), "PE", [*arrivals, *tasks], lanes)


def etf(instance: Instance) -> Outcome:
    """DS3's ETF, the reference: among all pairs the one that is expected to finish first, earlier-ready tasks first."""
    episode = _simulate(instance.data, list(range(instance.data.m)))
    answer: list[float] | None = None
    while True:
        try:
            table = next(episode) if answer is None else episode.send(answer)
        except StopIteration as stop:
            outcome: Outcome = stop.value
            return outcome
        column = table.columns["eft"]
        answer = list(column() if callable(column) else column)


class _Ready:
    """A task whose parents have all ended, so that it can be mapped."""

    __slots__ = ("data_at", "graph", "job", "task")

    def __init__(self, stream: Stream, job: int, task: int, ran: Mapping[tuple[int, int], tuple[int, int]]) -> None:
        self.job, self.task, self.graph = job, task, stream.graph(job)
        self.data_at = [0] * stream.m
        for parent, c in self.graph.parents[task]:
            where, end = ran[job, parent]
            for p in range(stream.m):
                arrives = end + c if p != where else end
                if arrives > self.data_at[p]:
                    self.data_at[p] = arrives


class _State:
    """What a scheduler knows at a moment; the features are read from it."""

    def __init__(self, stream: Stream) -> None:
        self.t = 0
        self.ready: list[_Ready] = []
        self.queues: list[deque[_Ready]] = [deque() for _ in range(stream.m)]
        self.expected_end: list[int | None] = [None] * stream.m  # of the running task; None where the PE is idle
        self.free_at = [0] * stream.m  # when each PE is expected to have worked off its queue
        self.tasks_left: dict[int, int] = {}  # of the jobs in the system

    def forecast(self) -> None:
        """Expect again when each PE is free: in the order of its queue, at expected times."""
        for p, queue in enumerate(self.queues):
            end = self.expected_end[p]
            free = self.t if end is None else max(self.t, end)
            for one in queue:
                free = max(free, one.data_at[p]) + one.graph.w[one.task][p]
            self.free_at[p] = free


def _simulate(stream: Stream, pes: Sequence[int]) -> Generator[Table, list[float], Outcome]:
    """`pes[label]` is the true PE. At each moment: completions, arrivals, mapping, starts, in this order."""
    state = _State(stream)
    columns = _columns(state, pes, stream.arrivals)
    ran: dict[tuple[int, int], tuple[int, int]] = {}  # (job, task): its PE and its end
    open_parents: dict[tuple[int, int], int] = {}
    finished: dict[int, int] = {}  # job: its end
    mapped: list[tuple[int, int, int]] = []
    bars: list[Bar] = []
    completions: list[tuple[int, int, int, int, int]] = []  # (end, PE, job, task, start)
    arrived = entered = 0
    while state.t < stream.horizon:
        t = state.t
        while completions and completions[0][0] == t:
            _, pe, job, task, start = heappop(completions)
            bars.append(Bar(job, task, pe, start, t))
            ran[job, task] = pe, t
            state.expected_end[pe] = None
            state.tasks_left[job] -= 1
            if not state.tasks_left[job]:
                del state.tasks_left[job]
                finished[job] = t
            for child, _ in stream.graph(job).children[task]:
                open_parents[job, child] -= 1
                if not open_parents[job, child]:
                    state.ready.append(_Ready(stream, job, child, ran))
        while arrived < len(stream.arrivals) and stream.arrivals[arrived] <= t:
            arrived += 1
        while entered < arrived and len(state.tasks_left) < stream.capacity:
            graph = stream.graph(entered)
            state.tasks_left[entered] = graph.n
            for i, parents in enumerate(graph.parents):
                open_parents[entered, i] = len(parents)
                if not parents:
                    state.ready.append(_Ready(stream, entered, i, ran))
            entered += 1
        if state.ready:
            state.forecast()
        while state.ready:
            scalars = {
                "n_ready": len(state.ready),
                "n_pes": stream.m,
                "jobs_in": len(state.tasks_left),
                "jobs_waiting": arrived - entered,
            }
            priorities = yield Table(columns, scalars, len(state.ready) * stream.m)
            low = min(priorities)
            row = priorities.index(low)
            if priorities.count(low) > 1:
                row = smallest(priorities, [place * stream.m + pe for place in range(len(state.ready)) for pe in pes])
            chosen, pe = state.ready.pop(row // stream.m), pes[row % stream.m]
            mapped.append((chosen.job, chosen.task, pe))
            state.queues[pe].append(chosen)
            state.free_at[pe] = max(state.free_at[pe], chosen.data_at[pe]) + chosen.graph.w[chosen.task][pe]
        moments = [stream.horizon]
        for pe, queue in enumerate(state.queues):
            if state.expected_end[pe] is None and queue:
                first = next((one for one in queue if one.data_at[pe] <= t), None)
                if first is None:
                    moments.append(min(one.data_at[pe] for one in queue))
                    continue
                queue.remove(first)
                state.expected_end[pe] = t + first.graph.w[first.task][pe]
                heappush(completions, (t + stream.duration(first.job, first.task, pe), pe, first.job, first.task, t))
        if completions:
            moments.append(completions[0][0])
        if arrived < len(stream.arrivals):
            moments.append(stream.arrivals[arrived])
        state.t = min(moments)
    return _outcome(stream, finished, mapped, bars)


def _outcome(
    stream: Stream, finished: Mapping[int, int], mapped: list[tuple[int, int, int]], bars: list[Bar]
) -> Outcome:
    """Mean latency over all jobs that arrived; a job that has not ended counts up to the horizon."""
    latencies = [finished.get(job, stream.horizon) - arrival for job, arrival in enumerate(stream.arrivals)]
    completed = [latencies[job] for job in finished]
    metrics = {"completed": float(len(completed)), "arrived": float(len(latencies))}
    if completed:
        metrics["latency_completed"] = sum(completed) / len(completed)
    return Outcome(sum(latencies) / len(latencies), metrics, decisions=mapped, trace=partial(sorted, bars))


def _columns(state: _State, pes: Sequence[int], arrivals: Sequence[int]) -> dict[str, Callable[[], list[float]]]:
    """What makes each column: for each ready task in order of becoming ready, one row a PE."""
    m = len(pes)

    def of_task(value: Callable[[_Ready], float]) -> Callable[[], list[float]]:
        return lambda: [number for one in state.ready for number in [value(one)] * m]

    def of_pair(value: Callable[[_Ready, int], float]) -> Callable[[], list[float]]:
        return lambda: [value(one, p) for one in state.ready for p in pes]

    def of_pe(value: Callable[[int], float]) -> Callable[[], list[float]]:
        return lambda: [value(p) for p in pes] * len(state.ready)

    def eft(one: _Ready, p: int) -> float:
        return max(one.data_at[p], state.free_at[p]) - state.t + one.graph.w[one.task][p]

    return {
        "w": of_pair(lambda one, p: one.graph.w[one.task][p]),
        "w_mean": of_task(lambda one: one.graph.w_mean[one.task]),
        "w_min": of_task(lambda one: min(one.graph.w[one.task])),
        "data": of_pair(lambda one, p: max(0, one.data_at[p] - state.t)),
        "wait": of_pe(lambda p: state.free_at[p] - state.t),
        "eft": of_pair(eft),
        "eft_min": of_task(lambda one: min(eft(one, p) for p in pes)),
        "queued": of_pe(lambda p: len(state.queues[p]) + (state.expected_end[p] is not None)),
        "up": of_task(lambda one: one.graph.upward[one.task]),
        "down": of_task(lambda one: one.graph.downward[one.task]),
        "oct": of_pair(lambda one, p: one.graph.optimistic[one.task][p]),
        "oct_mean": of_task(lambda one: sum(one.graph.optimistic[one.task]) / m),
        "data_out": of_task(lambda one: sum(c for _, c in one.graph.children[one.task])),
        "children": of_task(lambda one: len(one.graph.children[one.task])),
        "age": of_task(lambda one: state.t - arrivals[one.job]),
        "tasks_left": of_task(lambda one: state.tasks_left[one.job]),
        "place": lambda: [float(place) for place in range(len(state.ready)) for _ in pes],
    }
