"""Memory mapping: which tensors lie in fast memory, when, and at which address. Verifier, cost model, instances.

After the problem of Wang et al., Optimizing memory mapping using deep reinforcement learning, arXiv:2305.07440 (2023),
with a cost model of our own: the paper measures on hardware.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from evaluators.drawing import Box, Drawing, first, titled
from evaluators.memory.bound import latency_bound
from evaluators.memory.programs import Program, generate
from evaluators.protocol import Evaluator, Illegal, Instance, Labels, Outcome, Reference

MEBI = 2**20  # bytes


class Stay(NamedTuple):
    """A tensor lies at `offset` in fast memory from its `a`-th to its `b`-th use (from 0, both included)."""

    tensor: int
    a: int
    b: int
    offset: int


class Block(NamedTuple):
    """A stay as a rectangle of steps and addresses, all bounds included but `top`."""

    tensor: int
    start: int
    end: int
    offset: int
    top: int


class MemoryMapping(Evaluator):
    """All is known at once: `solve` returns the stays of tensors in fast memory."""

    measure = "latency, us"
    scale = "(latency - bound) / bound, %"
    headline = ("speedup",)

    def instances(
        self, split: str, *, kinds: Sequence[str], count: int, share: Sequence[float], scale: float = 1.0
    ) -> list[Instance]:
        """`count` programs of each kind; share, scale: see `programs.generate`."""
        made = []
        for kind in kinds:
            for k in range(count):
                key = f"memory|{split}|{kind}|{scale:g}|{k}"
                made.append(Instance(key, kind, generate(key, kind, scale, share)))
        return made

    def reference(self, instance: Instance) -> Reference:
        """The bound of a linear program."""
        return Reference(latency_bound(instance.data), "bound")

    def question(self, instance: Instance, labels: Labels) -> dict[str, Any]:
        """The whole program, its tensors in a random order."""
        program: Program = instance.data
        order = labels.permutation("tensor", len(program.size))
        return {
            "capacity": program.capacity,
            "slow_bandwidth": program.slow,
            "fast_bandwidth": program.fast,
            "compute": list(program.compute),
            "size": [program.size[i] for i in order],
            "uses": [list(program.uses[i]) for i in order],
            "temporary": [program.temporary[i] for i in order],
        }

    def verify(self, instance: Instance, answer: Any, labels: Labels) -> Outcome:
        """The answer is a list of [tensor, a, b, offset]. Latency in microseconds, summed over the steps."""
        program: Program = instance.data
        order = labels.permutation("tensor", len(program.size))
        stays = [Stay(order[tensor], a, b, offset) for tensor, a, b, offset in _checked(program, answer, order)]
        times = latencies(program, stays)
        cost = sum(times)
        served = sum(program.size[stay.tensor] * (stay.b - stay.a + 1) for stay in stays)
        blocks = [_block(program, stay) for stay in stays]
        area = sum((block.end - block.start + 1) * (block.top - block.offset) for block in blocks)
        metrics = {
            "speedup": sum(latencies(program, [])) / cost,
            "fast_share": served / sum(s * len(uses) for s, uses in zip(program.size, program.uses, strict=True)),
            "occupied": area / (program.capacity * len(program.compute)),
        }
        return Outcome(cost, metrics, decisions=sorted(map(tuple, stays)), trace=partial(sorted, blocks))

    def draw(self, instance: Instance, outcome: Outcome) -> Drawing:
        """The fast memory: which addresses hold which tensor during which steps."""
        program: Program = instance.data
        steps = len(program.compute)
        used = Counter(step for uses in program.uses for step in uses)
        shown = first(used[step] for step in range(steps))  # a stay starts with a use
        boxes = [
            Box(
                block.start,
                block.end + 1,
                low=block.offset / MEBI,
                high=block.top / MEBI,
                label=f"tensor {block.tensor}",
                kind="temporary" if program.temporary[block.tensor] else "input, weight or result",
            )
            for block in outcome.trace()
            if block.start < shown
        ]
        x = titled("time, steps of the program", shown, steps)
        return Drawing(x, "address, MiB", boxes, limit=program.capacity / MEBI)


def latencies(program: Program, stays: Sequence[Stay]) -> list[float]:
    """The time of each step: the longer of its computation and of its memory traffic.

    A use costs the tensor's size over the bandwidth of the memory that serves it. A stay costs a transfer beside, size
    over slow bandwidth at its first use: the copy into fast memory, or, where the tensor is written there, the copy to
    slow memory for who reads it later. A temporary tensor that stays for its whole life needs no transfer.
    """
    traffic = [0.0] * len(program.compute)
    for size, uses in zip(program.size, program.uses, strict=True):
        for step in uses:
            traffic[step] += size / program.slow
    for stay in stays:
        size, uses = program.size[stay.tensor], program.uses[stay.tensor]
        for step in uses[stay.a : stay.b + 1]:
            traffic[step] += size / program.fast - size / program.slow
        if not (program.temporary[stay.tensor] and stay.a == 0 and stay.b == len(uses) - 1):
            traffic[uses[stay.a]] += size / program.slow
    return [max(compute, memory) for compute, memory in zip(program.compute, traffic, strict=True)]


def _block(program: Program, stay: Stay) -> Block:
    uses = program.uses[stay.tensor]
    return Block(stay.tensor, uses[stay.a], uses[stay.b], stay.offset, stay.offset + program.size[stay.tensor])


def _checked(program: Program, answer: Any, order: Sequence[int]) -> list[tuple[int, int, int, int]]:
    """The rows of an answer, tensors still as the candidate knows them. Raises Illegal for the first fault."""
    if isinstance(answer, np.ndarray) and answer.dtype.kind in "iu":
        answer = answer.tolist()
    if type(answer) not in (list, tuple):
        raise Illegal(f"solve must return a list of [tensor, a, b, offset], not a {type(answer).__name__}")
    by_tensor: dict[int, list[tuple[int, int]]] = {}
    for place, row in enumerate(answer):
        if type(row) not in (list, tuple) or len(row) != 4:
            raise Illegal(f"entry {place} must be [tensor, a, b, offset], four integers")
        for name, value in zip(Stay._fields, row, strict=True):
            if type(value) is not int:
                raise Illegal(f"entry {place}: {name} is a {type(value).__name__}; it must be an integer")
        tensor, a, b, offset = row
        if not 0 <= tensor < len(order):
            raise Illegal(f"entry {place}: tensor {tensor}; tensors are numbered 0 to {len(order) - 1}")
        uses, size = program.uses[order[tensor]], program.size[order[tensor]]
        if not 0 <= a <= b < len(uses):
            raise Illegal(
                f"entry {place}: uses {a} to {b} of tensor {tensor}; needed is 0 <= a <= b <= {len(uses) - 1}"
            )
        if not 0 <= offset <= program.capacity - size:
            raise Illegal(
                f"entry {place}: tensor {tensor} of {size} bytes at offset {offset} does not fit into the fast memory "
                f"of {program.capacity} bytes"
            )
        by_tensor.setdefault(tensor, []).append((a, b))
    for tensor, intervals in by_tensor.items():
        intervals.sort()
        for (_, b), (a, _) in pairwise(intervals):
            if a <= b:
                raise Illegal(f"tensor {tensor} is in fast memory twice at its use {a}")
    _no_overlap(program, answer, order)
    return [tuple(row) for row in answer]


def _no_overlap(program: Program, rows: Sequence[Sequence[int]], order: Sequence[int]) -> None:
    """Sweep over the steps: what lies in fast memory during a step must not share an address. Bounds of time count."""
    blocks = [(_block(program, Stay(order[tensor], a, b, offset)), tensor) for tensor, a, b, offset in rows]
    blocks.sort(key=lambda item: item[0].start)
    live: list[tuple[Block, int]] = []
    for block, name in blocks:
        live = [item for item in live if item[0].end >= block.start]
        for other, known_as in live:
            if other.offset < block.top and block.offset < other.top:
                raise Illegal(
                    f"tensors {known_as} and {name} overlap in fast memory at step {block.start}: "
                    f"addresses {other.offset} to {other.top - 1} and {block.offset} to {block.top - 1}"
                )
        live.append((block, name))
