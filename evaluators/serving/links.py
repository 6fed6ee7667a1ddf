"""Transfers between engines: each has one port, full duplex; what shares a port at a time shares its bandwidth."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import inf
from typing import Any


@dataclass(eq=False)
class Transfer:
    """`left` bytes on their way from one engine to another; nothing flows before `begins`, ms. about: whose it is."""

    source: int
    destination: int
    size: float
    left: float
    begins: float
    about: Any


class Links:
    """`bandwidth` of a port in bytes per ms, in and out alike; `latency` of a transfer, ms. `moved`: bytes so far.

    A transfer gets an equal share of the more crowded one of its two ports, so no port carries more than it can.
    """

    def __init__(self, bandwidth: float, latency: float = 0.0) -> None:
        self.bandwidth, self.latency = bandwidth, latency
        self.now = 0.0
        self.moved = 0.0
        self._transfers: list[Transfer] = []

    def __len__(self) -> int:
        return len(self._transfers)

    def start(self, source: int, destination: int, size: float, delay: float = 0.0, about: Any = None) -> None:
        """Send `size` bytes; they flow after `delay` ms and the latency."""
        begins = self.now + delay + self.latency
        self._transfers.append(Transfer(source, destination, size, size, begins, about))

    def next_event(self) -> float:
        """When the first transfer begins to flow or ends, ms, if none is added; infinity without transfers."""
        return min((time for _, _, time in self._flows()), default=inf)

    def advance(self, until: float) -> list[Transfer]:
        """Let time pass, to `next_event` at most; returns what has arrived, in the order in which it was sent."""
        if not self._transfers:
            self.now = until
            return []
        span = until - self.now
        for transfer, rate, end in self._flows():
            if rate:
                flown = transfer.left if end <= until else rate * span
                transfer.left -= flown
                self.moved += flown
        self.now = until
        ended = [transfer for transfer in self._transfers if transfer.left <= 0 and transfer.begins <= until]
        self._transfers = [transfer for transfer in self._transfers if transfer not in ended]
        return ended

    def _flows(self) -> list[tuple[Transfer, float, float]]:
        """Each transfer, bytes per ms of it, and when it will begin or end."""
        if not self._transfers:
            return []
        flowing = [transfer for transfer in self._transfers if transfer.begins <= self.now]
        out = Counter(transfer.source for transfer in flowing)
        into = Counter(transfer.destination for transfer in flowing)
        made = []
        for transfer in self._transfers:
            if transfer.begins > self.now:
                made.append((transfer, 0.0, transfer.begins))
            else:
                rate = self.bandwidth / max(out[transfer.source], into[transfer.destination])
                made.append((transfer, rate, self.now + transfer.left / rate))
        return made
