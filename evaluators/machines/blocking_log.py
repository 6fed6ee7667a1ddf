"""A job shop without buffers whose machines fail: what it is, the log of what happened, an independent check of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from evaluators.machines.shop import Shop
from evaluators.protocol import chance


@dataclass(frozen=True)
class Plant:
    """A job shop whose machines fail after a completion with probability `rate`, for 1, ..., `longest` time units.

    `draws` seeds the failures.
    """

    shop: Shop
    rate: float
    longest: int
    draws: str

    def outage(self, machine: int, k: int) -> int:
        """How long the machine is down after its k-th completion (from 0); 0 if it does not fail.

        It depends on nothing else, so no policy can shift it.
        """
        if chance(self.draws, "fails", machine, k) >= self.rate:
            return 0
        return 1 + int(chance(self.draws, "outage", machine, k) * self.longest)


class Stay(NamedTuple):
    """A job on a machine: processed from `enter` to `finish`, in the machine's way from then on until it leaves."""

    job: int
    op: int
    machine: int
    enter: int
    finish: int
    leave: int


Intervals = list[tuple[int, int]]  # from, to; half open


def faults(plant: Plant, log: Iterable[Stay]) -> list[str]:
    """What is wrong with a log, one line each: completeness, lengths, blocking, machines, outages, needless waiting."""
    shop = plant.shop
    stays = {(stay.job, stay.op): stay for stay in log}
    wanted = {(j, k) for j in range(shop.n) for k in range(shop.m)}
    if set(stays) != wanted:
        return [f"job {j}, operation {k}: missing or unknown" for j, k in sorted(set(stays) ^ wanted)]
    wrong = []
    by_machine: dict[int, list[Stay]] = defaultdict(list)
    for (j, k), stay in sorted(stays.items()):
        what = f"job {j}, operation {k}"
        if stay.machine != shop.route[j][k]:
            wrong.append(f"{what} is on machine {stay.machine}, not on {shop.route[j][k]}")
        if stay.enter < 0 or stay.finish - stay.enter != shop.p[j][k]:
            wrong.append(f"{what} runs from {stay.enter} to {stay.finish}, and should take {shop.p[j][k]}")
        if stay.leave < stay.finish:
            wrong.append(f"{what} leaves at {stay.leave}, before it ends at {stay.finish}")
        after = stays[j, k + 1].enter if k + 1 < shop.m else stay.finish
        if stay.leave != after:
            wrong.append(f"{what} leaves at {stay.leave}, and should at {after}: there is no buffer")
        by_machine[stay.machine].append(stay)
    down = {}
    for machine, queue in sorted(by_machine.items()):
        queue.sort(key=lambda stay: stay.enter)
        down[machine] = [
            (stay.finish, stay.finish + length) for k, stay in enumerate(queue) if (length := plant.outage(machine, k))
        ]
        for first, second in pairwise(queue):
            if second.enter < first.leave:
                wrong.append(f"machine {machine}: jobs {first.job} and {second.job} overlap at {second.enter}")
        for stay in queue:
            if any(start <= stay.enter < end for start, end in down[machine]):
                wrong.append(f"machine {machine} is down when job {stay.job} enters at {stay.enter}")
    return wrong or _waits(stays, by_machine, down)


def _waits(
    stays: Mapping[tuple[int, int], Stay], by_machine: Mapping[int, Sequence[Stay]], down: Mapping[int, Intervals]
) -> list[str]:
    """Where a job waits for an empty machine that is up, or in a circle of jobs that could all move."""
    wrong = []
    waiting = {key: (stays[key[0], key[1] - 1].finish if key[1] else 0, stay.enter) for key, stay in stays.items()}
    for (job, op), (ready, enter) in waiting.items():
        machine = stays[job, op].machine
        taken = sorted([*down[machine], *((stay.enter, stay.leave) for stay in by_machine[machine])])
        t = ready
        for start, end in taken:
            if start > t:
                break
            t = max(t, end)
        if t < enter:
            wrong.append(f"machine {machine} is empty at {t} although job {job} is ready for it")
    moments = {t for stay in stays.values() for t in (stay.enter, stay.finish)}
    for t in sorted(moments | {end for outages in down.values() for _, end in outages}):
        wants = {}
        for key, (ready, enter) in waiting.items():
            target = stays[key].machine
            if key[1] and ready <= t < enter and not any(start <= t < end for start, end in down[target]):
                wants[stays[key[0], key[1] - 1].machine] = target
        wrong += [f"machines {circle} could swap their jobs at {t}" for circle in rotations(wants)]
    return wrong


def rotations(wants: Mapping[int, int]) -> list[list[int]]:
    """Circles of machines in which the job on each wants the next one; `wants[machine]` is what the job on it wants."""
    found = []
    seen: set[int] = set()
    for start in wants:
        path: list[int] = []
        at = start
        while at in wants and at not in seen:
            seen.add(at)
            path.append(at)
            at = wants[at]
        if at in path:
            found.append(path[path.index(at) :])
    return found
