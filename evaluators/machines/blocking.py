"""Makespan of a job shop without buffers, whose machines fail: instances and simulator.

The interrupting swap-allowed blocking job shop of Wong, Kim, Park, Park and Law, Journal of Manufacturing Science and
Engineering 146, 2024 (arXiv:2302.02506); without failures, the blocking job shop with swaps of Mascis and Pacciarelli,
European Journal of Operational Research 143, 2002.
"""

from __future__ import annotations

import json
import random
from bisect import insort
from collections.abc import Callable, Generator, Mapping, Sequence
from functools import cached_property, partial
from heapq import heappop, heappush
from pathlib import Path
from typing import Any

from evaluators.drawing import Drawing
from evaluators.machines import drawing, taillard
from evaluators.machines.blocking_log import Plant, Stay, rotations
from evaluators.machines.one_machine import makespan_bound
from evaluators.machines.shop import Shop
from evaluators.machines.shop_instances import two_sets
from evaluators.protocol import Evaluator, Feature, Instance, Labels, Outcome, Reference, Table
from evaluators.ties import smallest

Column = Callable[[], list[int]]


class BlockingJobShop(Evaluator):
    """When a machine is empty and up and several jobs are ready for it, the one with the smallest priority enters."""

    measure = "makespan, units of time"
    scale = "(C_max - bound) / bound, %: the bound is that of the shop with buffers and without failures"
    headline = ("blocked",)
    features = (
        Feature("p", "processing time of the operation that would start"),
        Feature("work_left", "processing time of all operations that the job still needs, this one included"),
        Feature("work_after", "the same without this one"),
        Feature("ops_left", "number of operations that the job still needs, this one included"),
        Feature("work_done", "processing time of the job's finished operations"),
        Feature("work_total", "processing time of all of the job's operations"),
        Feature("ready", "time since when the job waits for this machine"),
        Feature(
            "holds", "1 if the job blocks the machine where it was processed last, 0 if it has not entered the shop"
        ),
        Feature("wanted", "number of jobs that wait for the machine that the job blocks"),
        Feature("p_next", "processing time of the job's next operation, 0 if this is the last"),
        Feature("queue_next", "number of jobs that wait for the machine of the next operation"),
        Feature("load_next", "processing time of all operations that have not started on the machine of the next one"),
        Feature("left_next", "remaining processing time of the operation that runs on that machine, 0 if none runs"),
        Feature("held_next", "1 if a job is on that machine, processed or in the way"),
        Feature("down_next", "1 if that machine is down"),
        Feature("t", "current time", scalar=True),
        Feature("n_queue", "number of jobs that wait for this machine", scalar=True),
        Feature("load", "processing time of all operations that have not started on this machine", scalar=True),
        Feature("inside", "number of jobs that are on machines", scalar=True),
        Feature("blocked", "number of machines with a finished job on them", scalar=True),
        Feature("down", "number of machines that are down", scalar=True),
        Feature("fail_rate", "probability that a machine fails after a completion", scalar=True, integer=False),
        Feature("mean_outage", "mean length of an outage", scalar=True, integer=False),
        Feature("n", "number of jobs of the shop", scalar=True),
        Feature("m", "number of machines of the shop", scalar=True),
    )

    def instances(
        self,
        split: str,
        *,
        generator: str,
        failures: Sequence[Sequence[float]],
        sizes: Sequence[Sequence[int]] = (),
        draws: int = 1,
    ) -> list[Instance]:
        """Every shop under every [rate, longest outage] of `failures`, with `draws` draws of the failures each.

        generator: "taillard", "two sets" (both with sizes [n, m, how many]) or "lawrence". A rate of 0 is played once.
        """
        made = []
        for name, shop in self._shops(split, generator, sizes):
            for rate, longest in failures:
                for draw in range(draws if rate else 1):
                    key = f"{name}|p={rate:g}|{longest:g}|{draw}"
                    group = f"{shop.n}x{shop.m} p={rate:g}"
                    made.append(Instance(key, group, Plant(shop, rate, int(longest), key)))
        return made

    def _shops(self, split: str, generator: str, sizes: Sequence[Sequence[int]]) -> list[tuple[str, Shop]]:
        if generator == "lawrence":
            return [(name, Shop(row["p"], row["route"])) for name, row in self._lawrence().items()]
        if generator not in ("taillard", "two sets"):
            raise ValueError(f"generator is 'taillard', 'two sets' or 'lawrence', not {generator!r}")
        shops = []
        for n, m, count in sizes:
            for k in range(count):
                key = f"bjssp|{split}|{generator}|{n}x{m}|{k}"
                seeds = random.Random(key)
                first, second = (seeds.randrange(1, taillard.MODULUS) for _ in range(2))
                made = taillard.generate(n, m, first, second) if generator == "taillard" else two_sets(key, n, m)
                shops.append((key, made))
        return shops

    def _lawrence(self) -> Mapping[str, Mapping[str, Any]]:
        """la01 to la40: p and route as in `Shop`, and the optimal makespan of the shop with buffers."""
        rows: dict[str, dict[str, Any]] = json.loads(self.files()[0].read_text())["instances"]
        return rows

    def files(self) -> Sequence[Path]:
        """The published shops."""
        return (self.folder / "lawrence.json",)

    def reference(self, instance: Instance) -> Reference:
        """The optimum with buffers and without failures where it is published, else the one-machine bound.

        Both are lower bounds: waiting on a machine and failures only lengthen a schedule.
        """
        name = instance.key.split("|")[0]
        if name.startswith("la"):
            return Reference(float(self._lawrence()[name]["optimum"]), "bound")
        return Reference(float(makespan_bound(instance.data.shop)), "bound")

    def episode(self, instance: Instance, labels: Labels) -> Generator[Table, list[float], Outcome]:
        """Ask for the priorities of the jobs that are ready for an empty machine that is up, where there are at least
        two; at each moment the machines in the order of their index."""
        run = _Run(instance.data, labels.permutation("job", instance.data.shop.n))
        while run.advance():
            while open_machines := run.open_machines():
                for machine in open_machines:
                    eligible = run.waiting[machine]
                    place = 0
                    if len(eligible) > 1:
                        priorities = yield run.ask(machine)
                        place = smallest(priorities, [run.job_of[job] for job in eligible])
                    run.enter([eligible[place]])
            for circle in run.circles():  # a swap empties no machine, so nothing can move after these
                run.enter(circle)
                run.swaps += 1
        return run.outcome()

    def draw(self, instance: Instance, outcome: Outcome) -> Drawing:
        """The schedule, machine by machine, with what blocks them and their outages."""
        return drawing.blocking(instance.data, outcome.trace())


class _Run:
    """The state of the plant. Jobs are known by their labels; `job_of[label]` is the true job.

    An operation is numbered label * m + k. Machine m stands for "no next machine".
    """

    def __init__(self, plant: Plant, job_of: list[int]) -> None:
        shop = plant.shop
        n, self.m = shop.n, shop.m
        self.plant, self.job_of = plant, job_of
        self.p = [length for job in job_of for length in shop.p[job]]
        self.machine_of = [machine for job in job_of for machine in shop.route[job]]
        self.work_total = [sum(shop.p[job]) for job in job_of]
        self.work_done = [0] * n
        self.done = [
            0
        ] * n  # operations: the number of those that ended, and so the index of the next, or of the running
        self.on: list[int | None] = [None] * n  # the machine that the job is on
        self.ready = [0] * n
        self.waiting: list[list[int]] = [[] for _ in range(self.m + 1)]  # jobs that are ready for a machine
        self.holder: list[int | None] = [None] * (self.m + 1)
        self.ends = [0] * (self.m + 1)  # end of the operation that runs, or ran last
        self.up = [0] * (self.m + 1)  # from when on the machine is up
        self.load = [0] * (self.m + 1)
        for machine, length in zip(self.machine_of, self.p, strict=True):
            self.load[machine] += length
        for job in range(n):
            self.waiting[self.target(job)].append(job)
        self.completed = [0] * self.m
        self.events: list[tuple[int, int, int]] = [(0, -1, -1)]  # time, machine, and the job, or -1: a machine is up
        self.t = self.inside = self.swaps = self.down_time = 0
        self.log: list[Stay] = []
        self.entered: list[int] = []
        self.eligible: list[int] = []  # the rows of the table that is asked about
        self.scalars: dict[str, float] = {
            "fail_rate": plant.rate, "mean_outage": (1 + plant.longest) / 2, "n": n, "m": self.m
        }  # fmt: skip

    def target(self, job: int) -> int:
        """The machine that a job waits for."""
        return self.machine_of[job * self.m + self.done[job]]

    def advance(self) -> bool:
        """Go to the next moment at which something ends, and let all of it end; False if nothing is under way."""
        if not self.events:
            return False
        self.t = self.events[0][0]
        while self.events and self.events[0][0] == self.t:
            _, machine, job = heappop(self.events)
            if job >= 0:
                self._finish(job, machine)
        return True

    def _finish(self, job: int, machine: int) -> None:
        """The operation of a job ends, and its machine may fail. The job stays on it, unless it was its last one."""
        if length := self.plant.outage(machine, self.completed[machine]):
            self.up[machine] = self.t + length
            self.down_time += length
            heappush(self.events, (self.t + length, -1, -1))
        self.completed[machine] += 1
        self.work_done[job] += self.p[job * self.m + self.done[job]]
        self.done[job] += 1
        if self.done[job] == self.m:
            self._leave(job, machine)
            self.inside -= 1
        else:
            self.ready[job] = self.t
            insort(self.waiting[self.target(job)], job)

    def _leave(self, job: int, machine: int) -> None:
        self.holder[machine] = None
        op, finish = self.done[job] - 1, self.ends[machine]
        self.log.append(Stay(self.job_of[job], op, machine, finish - self.p[job * self.m + op], finish, self.t))

    def enter(self, jobs: Sequence[int]) -> None:
        """Jobs leave where they are, all at once, and start on the machines that they wait for."""
        for job in jobs:
            old = self.on[job]
            if old is None:
                self.inside += 1
            else:
                self._leave(job, old)
        for job in jobs:
            machine = self.target(job)
            length = self.p[job * self.m + self.done[job]]
            self.waiting[machine].remove(job)
            self.load[machine] -= length
            self.on[job] = machine
            self.holder[machine] = job
            self.ends[machine] = self.t + length
            heappush(self.events, (self.t + length, machine, job))
            self.entered.append(self.job_of[job])

    def blocked(self, machine: int) -> bool:
        """Whether a finished job is on a machine; at a moment's end, every operation that ends then has ended."""
        return self.holder[machine] is not None and self.ends[machine] <= self.t

    def open_machines(self) -> list[int]:
        """The machines that are empty and up, and that a job is ready for."""
        return [
            machine
            for machine in range(self.m)
            if self.waiting[machine] and self.holder[machine] is None and self.up[machine] <= self.t
        ]

    def circles(self) -> list[list[int]]:
        """The circles of finished jobs of which each waits for the machine of the next one, all of them up."""
        wants = {}
        for machine in range(self.m):
            job = self.holder[machine]
            if job is not None and self.blocked(machine) and self.up[target := self.target(job)] <= self.t:
                wants[machine] = target
        return [[job for machine in circle if (job := self.holder[machine]) is not None] for circle in rotations(wants)]

    def ask(self, machine: int) -> Table:
        """What a rule is asked when the jobs that wait for a machine compete for it."""
        self.eligible = self.waiting[machine]
        self.scalars |= {
            "t": self.t,
            "n_queue": len(self.eligible),
            "load": self.load[machine],
            "inside": self.inside,
            "blocked": sum(map(self.blocked, range(self.m))),
            "down": sum(end > self.t for end in self.up),
        }
        return Table(self._columns, self.scalars, len(self.eligible))

    @cached_property
    def _columns(self) -> dict[str, Column]:
        """What makes each column for the eligible jobs when it is called."""
        per_op = {"p": self.p, "p_next": [*self.p[1:], 0], "next": [*self.machine_of[1:], self.m]}
        for last in range(self.m - 1, len(self.p), self.m):
            per_op["p_next"][last], per_op["next"][last] = 0, self.m

        def of_operation(values: Sequence[int]) -> Column:
            return lambda: [values[job * self.m + self.done[job]] for job in self.eligible]

        def of_job(value: Callable[[int], int]) -> Column:
            return lambda: list(map(value, self.eligible))

        next_machines = of_operation(per_op["next"])

        def of_next(value: Callable[[int], int]) -> Column:
            return lambda: list(map(value, next_machines()))

        def wanted(job: int) -> int:
            machine = self.on[job]
            return 0 if machine is None else len(self.waiting[machine])

        return {
            "p": of_operation(self.p),
            "p_next": of_operation(per_op["p_next"]),
            "work_left": of_job(lambda job: self.work_total[job] - self.work_done[job]),
            "work_after": of_job(
                lambda job: self.work_total[job] - self.work_done[job] - self.p[job * self.m + self.done[job]]
            ),
            "ops_left": of_job(lambda job: self.m - self.done[job]),
            "work_done": of_job(self.work_done.__getitem__),
            "work_total": of_job(self.work_total.__getitem__),
            "ready": of_job(self.ready.__getitem__),
            "holds": of_job(lambda job: int(self.on[job] is not None)),
            "wanted": of_job(wanted),
            "queue_next": of_next(lambda machine: len(self.waiting[machine])),
            "load_next": of_next(self.load.__getitem__),
            "left_next": of_next(lambda machine: max(0, self.ends[machine] - self.t)),
            "held_next": of_next(lambda machine: int(self.holder[machine] is not None)),
            "down_next": of_next(lambda machine: int(self.up[machine] > self.t)),
        }

    def outcome(self) -> Outcome:
        """The makespan; also which shares of the machines' time finished jobs are in the way, and machines are down."""
        end = max(stay.leave for stay in self.log)
        metrics = {
            "blocked": sum(stay.leave - stay.finish for stay in self.log) / (self.m * end),
            "down": self.down_time / (self.m * end),
            "swaps": float(self.swaps),
        }
        return Outcome(float(end), metrics, decisions=self.entered, trace=partial(sorted, self.log))
