"""A run on spot and on-demand machines as lanes: what runs where, and below it when that place has spot machines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from evaluators.clouds.spot_run import ON_DEMAND, Job, Market, Stretch
from evaluators.drawing import MARKS, Box, Drawing, titled

IDLE = "no machine"


def run(job: Job, market: Market, stretches: Sequence[Stretch]) -> Drawing:
    """Times in hours. A machine does no work while it starts; its label says what it costs until it ends."""
    places = ["zone"] if len(market.up) == 1 else [f"region {region}" for region in range(len(market.up))]
    hours = job.tick / 3600
    spells = [
        Box(start * hours, end * hours, _spot(place), kind="spot available")
        for place, up in zip(places, market.up, strict=True)
        for start, end in _spells(up[: job.slots])
    ]
    slots = max(1, min(job.slots, (MARKS - len(spells)) // 2))  # a slot has at most two boxes of machines
    machines = [box for stretch in stretches for box in _machine(job, market, places, stretch)]
    boxes = [box for box in (*machines, *spells) if box.start < slots * hours]
    lanes = [IDLE, *(lane for place in places for lane in (place, _spot(place)))]
    x = titled("time, h", int(slots * hours), int(job.slots * hours))
    return Drawing(x, "where", boxes, lanes, due=job.deadline / 3600)


def _machine(job: Job, market: Market, places: Sequence[str], stretch: Stretch) -> Iterator[Box]:
    """A stretch: first the machine starts, then it works."""
    if stretch.lane < 0:
        yield Box(stretch.start, stretch.end, IDLE, kind="idle")
        return
    hours, on_demand = job.tick / 3600, stretch.label == ON_DEMAND
    slots = range(round(stretch.start / hours), round(stretch.end / hours))
    cost = hours * sum(job.price_on_demand if on_demand else market.price[stretch.lane][k] for k in slots)
    kind = "on demand" if on_demand else "spot"
    label, works = f"{kind}, {cost:.2f} $", min(stretch.start + job.overhead / 3600, stretch.end)
    if stretch.start < works:
        yield Box(stretch.start, works, places[stretch.lane], label=label, kind="starts")
    if works < stretch.end:
        yield Box(works, stretch.end, places[stretch.lane], label=label, kind=kind)


def _spot(place: str) -> str:
    return f"{place}: spot"


def _spells(up: Sequence[bool]) -> list[tuple[int, int]]:
    """Where a series is true: from, to."""
    spells, k = [], 0
    for value, slots in groupby(up):
        end = k + len(list(slots))
        if value:
            spells.append((k, end))
        k = end
    return spells
