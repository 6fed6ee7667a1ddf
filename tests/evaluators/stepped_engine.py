"""A slow serving engine, obviously correct: every iteration is stepped, every token of every request has its stamp.

It plays the same workload with the same policy as the fast one, and shares nothing with it: the cost formula is written
out again. A policy is a function of plain views, so that both engines can ask it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from evaluators.serving.costs import Costs
from evaluators.serving.requests import Request


@dataclass(frozen=True)
class View:
    """What a policy sees: (id, tokens left to prefill) of prompts, ids of what decodes, free tokens of KV cache."""

    waiting: tuple[tuple[int, int], ...]
    prefilling: tuple[tuple[int, int], ...]
    decoding: tuple[int, ...]
    room: int


@dataclass(frozen=True)
class Choice:
    """Ids to preempt, then to admit; (id, tokens) to prefill; whether sequences decode."""

    preempt: tuple[int, ...] = ()
    admit: tuple[int, ...] = ()
    chunks: tuple[tuple[int, int], ...] = ()
    decodes: bool = True


Policy = Callable[[View], Choice]


@dataclass
class Stepped:
    request: Request
    to_prefill: int
    prefilled: int = 0
    stamps: list[float] = field(default_factory=list)
    admitted: float | None = None

    @property
    def kv(self) -> int:
        """Tokens in memory while it decodes."""
        return self.request.prompt + len(self.stamps) - 1


@dataclass(frozen=True)
class Played:
    """Stamps of all tokens, first admissions, all ends of iterations, the most memory ever in use."""

    stamps: dict[int, list[float]]
    admitted: dict[int, float]
    iterations: int
    peak: int


def play(costs: Costs, capacity: int, requests: list[Request], policy: Policy) -> Played:
    todo = sorted(requests, key=lambda r: (r.arrival, r.id))
    waiting: list[Stepped] = []
    prefilling: list[Stepped] = []
    decoding: list[Stepped] = []
    over: list[Stepped] = []
    now, iterations, peak = 0.0, 0, 0

    def used() -> int:
        return sum(s.to_prefill for s in prefilling) + sum(s.kv for s in decoding)

    def find(where: list[Stepped], number: int) -> Stepped:
        return next(s for s in where if s.request.id == number)

    while len(over) < len(requests):
        while todo and todo[0].arrival <= now:
            waiting.append(Stepped(todo[0], todo[0].prompt))
            todo.pop(0)
        waiting.sort(key=lambda s: (s.request.arrival, s.request.id))
        if not (waiting or prefilling or decoding):
            now = todo[0].arrival
            continue
        if waiting or prefilling or capacity - used() < len(decoding):
            choice = policy(
                View(
                    tuple((s.request.id, s.to_prefill) for s in waiting),
                    tuple((s.request.id, s.to_prefill - s.prefilled) for s in prefilling),
                    tuple(sorted(s.request.id for s in decoding)),
                    capacity - used(),
                )
            )
        else:
            choice = Choice()
        for number in choice.preempt:
            where = prefilling if any(s.request.id == number for s in prefilling) else decoding
            s = find(where, number)
            where.remove(s)
            s.to_prefill, s.prefilled = s.request.prompt + len(s.stamps), 0
            waiting.append(s)
        for number in choice.admit:
            s = find(waiting, number)
            waiting.remove(s)
            prefilling.append(s)
            s.admitted = now if s.admitted is None else s.admitted
        batch = list(decoding) if choice.decodes else []
        chunks = [(find(prefilling, number), tokens) for number, tokens in choice.chunks]
        assert batch or chunks
        n = len(batch) + sum(tokens for _, tokens in chunks)
        length = costs.t0 + max(costs.w, costs.l0 + costs.l1 * n) + costs.sequence * (len(batch) + len(chunks))
        length += costs.kv * (sum(s.kv for s in batch) + sum(s.prefilled for s, _ in chunks))
        length += costs.attention * sum(tokens * (s.prefilled + tokens / 2) for s, tokens in chunks)
        peak = max(peak, used() + len(batch))
        now += length
        iterations += 1
        for s in batch:
            s.stamps.append(now)
        for s, tokens in chunks:
            s.prefilled += tokens
            if s.prefilled == s.to_prefill:
                s.stamps.append(now)
                prefilling.remove(s)
                decoding.append(s)
        for s in list(decoding):
            if len(s.stamps) == s.request.output:
                decoding.remove(s)
                over.append(s)
    assert peak <= capacity
    stamps = {s.request.id: s.stamps for s in over}
    return Played(stamps, {s.request.id: s.admitted or 0.0 for s in over}, iterations, peak)
