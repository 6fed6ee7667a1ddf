"""A job that must finish by its deadline on spot and on-demand machines, slot by slot (Wu et al., NSDI 2024).

Time is cut into slots of one tick. At the start of each slot the run is settled (what did the last slot achieve, was
its machine preempted?), then a machine is chosen for the slot. Durations are whole seconds, so nothing is ever rounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from evaluators.protocol import EvaluatorBug

NONE, SPOT, ON_DEMAND = "none", "spot", "on_demand"
ACTIONS = (NONE, SPOT, ON_DEMAND)


@dataclass(frozen=True)
class Job:
    """work, deadline, overhead (of every launch) and tick (length of a slot), in seconds; price_on_demand in $/h."""

    work: int
    deadline: int
    overhead: int
    tick: int
    price_on_demand: float

    @classmethod
    def of_hours(cls, work: float, deadline: float, overhead: float, tick: int, price_on_demand: float) -> Job:
        """A job whose durations, but for the tick, are given in hours."""
        return cls(round(work * 3600), round(deadline * 3600), round(overhead * 3600), tick, price_on_demand)

    @property
    def slots(self) -> int:
        """Whole slots before the deadline."""
        return self.deadline // self.tick

    def guarded(self, k: int, work_left: int) -> bool:
        """Whether work that is left in slot k can only just be finished by a fresh on-demand machine."""
        return work_left > 0 and -(-(work_left + self.overhead) // self.tick) >= self.slots - k


@dataclass(frozen=True)
class Market:
    """What spot machines do: `up[r][k]` says whether region r has them in slot k, `price[r][k]` is in $/h."""

    up: Sequence[Sequence[bool]]
    price: Sequence[Sequence[float]]

    def __post_init__(self) -> None:
        if len({len(row) for row in (*self.up, *self.price)}) != 1 or len(self.up) != len(self.price):
            raise ValueError("availability and prices must cover the same slots in the same regions")


class Machine(NamedTuple):
    """What a slot runs: an action and, unless it is "none", the index of a region."""

    action: str
    region: int = 0


IDLE = Machine(NONE)


class Stretch(NamedTuple):
    """Successive slots on one machine: start and end in hours; the lane is the region, -1 while idle."""

    lane: int
    start: float
    end: float
    label: str


class Run:
    """One run of a job. Per slot: `settle`, then `choose`, with `guard` instead of a choice where `guarded`.

    last: what the last slot ran; running: what still runs, which is nothing after a preemption.
    """

    def __init__(self, job: Job, market: Market) -> None:
        if len(market.up[0]) <= job.slots:
            raise ValueError(f"the market covers {len(market.up[0])} slots; a deadline of {job.slots} needs one more")
        self.job, self.market = job, market
        self.k = 0
        self.work_left = job.work
        self.overhead_left = 0
        self.last = self.running = IDLE
        self.cost = 0.0
        self.launches = self.preemptions = 0
        self.history: list[Machine] = []

    def up(self, region: int) -> bool:
        """Whether a region has spot machines in this slot."""
        return bool(self.market.up[region][self.k])

    def settle(self) -> None:
        """Count what the last slot achieved, and see whether its machine is still there."""
        job = self.job
        if self.last.action != NONE:
            useful = max(0, job.tick - self.overhead_left)
            self.overhead_left -= job.tick - useful
            self.work_left -= min(useful, self.work_left)
        self.running = self.last
        if self.last.action == SPOT and not self.up(self.last.region):
            self.running = IDLE
            self.preemptions += 1
        if self.work_left and self.k >= job.slots:
            raise EvaluatorBug(
                f"{self.work_left} s of work are left at the deadline; the guard must not let that happen"
            )

    @property
    def guarded(self) -> bool:
        """Whether the deadline leaves no choice."""
        return self.job.guarded(self.k, self.work_left)

    def guard(self) -> Machine:
        """What a guarded slot runs: the spot machine that works already, else an on-demand machine."""
        if self.running.action == ON_DEMAND or (self.running.action == SPOT and not self.overhead_left):
            return self.running
        return Machine(ON_DEMAND, self.last.region)

    def choose(self, machine: Machine) -> None:
        """Run a machine in this slot, billed in full. A spot machine where there are none is not granted: idle."""
        if machine.action == SPOT and not self.up(machine.region):
            machine = IDLE
        if machine.action == NONE:
            machine = IDLE
        elif machine != self.running:
            self.launches += 1
            self.overhead_left = self.job.overhead
        self.cost += self.rate(machine) * self.job.tick / 3600
        self.history.append(machine)
        self.last = machine
        self.k += 1

    def rate(self, machine: Machine) -> float:
        """Price of a machine in this slot, $/h."""
        if machine.action == NONE:
            return 0.0
        return self.job.price_on_demand if machine.action == ON_DEMAND else self.market.price[machine.region][self.k]

    def metrics(self) -> dict[str, float]:
        """Launches, preemptions, and hours that are billed or idle."""
        hours = self.job.tick / 3600
        count = {action: sum(machine.action == action for machine in self.history) for action in ACTIONS}
        return {
            "launches": float(self.launches),
            "preemptions": float(self.preemptions),
            "spot_hours": count[SPOT] * hours,
            "on_demand_hours": count[ON_DEMAND] * hours,
            "idle_hours": count[NONE] * hours,
        }

    def stretches(self) -> list[Stretch]:
        """The whole run, for a Gantt chart."""
        made, k = [], 0
        for machine, slots in groupby(self.history):
            end = k + len(list(slots))
            lane = -1 if machine.action == NONE else machine.region
            hours = self.job.tick / 3600
            made.append(Stretch(lane, k * hours, end * hours, machine.action))
            k = end
        return made
