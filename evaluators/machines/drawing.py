"""Gantt charts of machines: a shop, one whose machines are blocked and fail, one machine with due dates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evaluators.drawing import Box, Drawing, first, titled
from evaluators.machines.blocking_log import Plant, Stay
from evaluators.machines.shop import Operation, Shop

TIME = "time, units of time"
MACHINE, DUE = "machine", "due dates"  # the lanes of one machine


def gantt(shop: Shop, schedule: Sequence[Operation]) -> Drawing:
    """A box for each operation, in the lane of its machine."""
    shown = first([shop.n] * shop.m)
    lanes = _machines(shown)
    boxes = [
        Box(bar.start, bar.end, lanes[bar.machine], label=f"job {bar.job}") for bar in schedule if bar.machine < shown
    ]
    return Drawing(TIME, titled("machine", shown, shop.m), boxes, lanes)


def blocking(plant: Plant, log: Sequence[Stay]) -> Drawing:
    """The same, with the times at which finished jobs are in the way, machines are down, or both."""
    shop, end = plant.shop, max(stay.leave for stay in log)
    shown = first([4 * shop.n] * shop.m)
    lanes = _machines(shown)
    boxes: list[Box] = []
    for machine, lane in enumerate(lanes):
        stays = sorted((stay for stay in log if stay.machine == machine), key=lambda stay: stay.enter)
        for k, stay in enumerate(stays):
            up = min(stay.finish + plant.outage(machine, k), end)
            boxes += [
                Box(a, b, lane, label=f"job {stay.job}" if kind != "down" else "", kind=kind)
                for kind, a, b in _phases(stay, up)
                if a < b
            ]
    return Drawing(TIME, titled("machine", shown, shop.m), boxes, lanes)


def _phases(stay: Stay, up: int) -> Iterator[tuple[str, int, int]]:
    """What happens on the machine from where a job enters until the machine is empty and up; some take no time."""
    yield "", stay.enter, stay.finish
    yield "blocked and down", stay.finish, min(stay.leave, up)
    yield "blocked", min(stay.leave, up), stay.leave
    yield "down", stay.leave, up


def due_dates(d: Sequence[int], schedule: Sequence[Operation]) -> Drawing:
    """One machine's jobs, late or on time, above their due dates."""
    shown = first([2] * len(d))
    boxes = []
    for bar in schedule:
        if bar.job < shown:
            label, kind = f"job {bar.job}", "late" if bar.end > d[bar.job] else "on time"
            boxes += [
                Box(bar.start, bar.end, MACHINE, label=label, kind=kind),
                Box(d[bar.job], d[bar.job], DUE, label=label, kind="due date"),
            ]
    return Drawing(TIME, titled("jobs", shown, len(d)), boxes, (MACHINE, DUE))


def _machines(count: int) -> list[str]:
    return [f"machine {machine}" for machine in range(count)]
