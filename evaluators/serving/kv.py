"""The KV cache of an engine, counted in tokens: what sequences hold, and a prefix cache in the rest.

The prefix cache is a tree of segments. A segment that a sequence uses stays, as do all before it; the others go, least
recently used first and from their ends, when memory is needed. Shared tokens are counted once. Two sequences that
need a segment at once share its memory, and each computes what is not ready when it is admitted.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

from evaluators.protocol import EvaluatorBug
from evaluators.serving.requests import Segment


@dataclass(eq=False)
class Node:
    """A segment in memory: `ready` tokens are computed, `held` have room; `users` are sequences and pins."""

    key: Hashable
    parent: Node | None
    size: int
    held: int = 0
    ready: int = 0
    users: int = 0
    pinned: float | None = None  # until when, ms


class Kv:
    """`capacity` tokens, of which `used` are taken; `evictable` of those are only cached, and go when needed."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.used = self.evictable = 0
        self._nodes: dict[Hashable, Node] = {}
        self._unused: dict[Hashable, Node] = {}  # least recently used first; children before their parents
        self._pins: list[tuple[float, int, Node]] = []
        self._pinned = 0

    @property
    def room(self) -> int:
        """Tokens that can be taken."""
        return self.capacity - self.used + self.evictable

    def take(self, tokens: int) -> None:
        """Take memory, evicting what is only cached. More than `room` is a bug of the caller."""
        if tokens > self.room:
            raise EvaluatorBug(f"{tokens} tokens of KV cache are taken where there is room for {self.room}")
        self._evict(self.used + tokens - self.capacity)
        self.used += tokens

    def give(self, tokens: int) -> None:
        """Give memory back."""
        self.used -= tokens

    def hit(self, path: Sequence[Segment]) -> int:
        """Tokens at the start of a path that need not be computed."""
        total = 0
        for key, tokens in path:
            node = self._nodes.get(key)
            ready = min(node.ready, tokens) if node else 0
            total += ready
            if ready < tokens:
                break
        return total

    def fits(self, path: Sequence[Segment], tokens: int) -> bool:
        """Whether there is room for `tokens` and for all of a path that is not in memory."""
        need = tokens
        for key, size in path:
            node = self._nodes.get(key)
            need += size - (node.held if node and node.users else 0)  # what is unused is part of the room
        return need <= self.room

    def acquire(self, path: Sequence[Segment]) -> int:
        """Use a path: none of it goes until `release`. Returns its `hit` so far."""
        hit = self.hit(path)
        nodes = self._along(path)
        for node in nodes:
            self._use(node)
        for node in nodes:
            self.take(node.size - node.held)
            node.held = node.size
        return hit

    def computed(self, path: Sequence[Segment], tokens: int) -> None:
        """The first `tokens` tokens of a path that is in use are ready."""
        for key, size in path:
            node = self._nodes[key]
            node.ready = max(node.ready, min(tokens, size))
            tokens -= size
            if tokens <= 0:
                break

    def release(self, path: Sequence[Segment]) -> None:
        """Stop using a path; it stays in the cache."""
        for key, _ in reversed(path):
            self._drop(self._nodes[key])

    def keep(self, path: Sequence[Segment], key: Hashable, tokens: int) -> None:
        """What a sequence held, `tokens` that follow a path in use, becomes a segment of the cache."""
        if key in self._nodes:
            self.give(tokens)
            return
        parent = self._nodes[path[-1].key] if path else None
        node = self._nodes[key] = Node(key, parent, tokens, tokens, tokens)
        self._unused[key] = node
        self.evictable += tokens

    def pin(self, key: Hashable, until: float) -> None:
        """Hold a cached segment, and all before it, until a time in ms; the latest pin counts."""
        node = self._nodes.get(key)
        if node is None:
            return
        if node.pinned is None:
            for each in self._chain(node):
                self._use(each)
        node.pinned = until
        self._pinned += 1
        heappush(self._pins, (until, self._pinned, node))

    def unpin(self, key: Hashable) -> None:
        """Take a pin off, if there is one."""
        node = self._nodes.get(key)
        if node is not None and node.pinned is not None:
            node.pinned = None
            for each in self._chain(node):
                self._drop(each)

    def expire(self, now: float) -> None:
        """Take all pins off that ended by `now`."""
        while self._pins and self._pins[0][0] <= now:
            until, _, node = heappop(self._pins)
            if node.pinned == until:
                self.unpin(node.key)

    def next_expiry(self) -> float:
        """When the next pin may end, ms; infinity without pins."""
        while self._pins and self._pins[0][2].pinned != self._pins[0][0]:
            heappop(self._pins)
        return self._pins[0][0] if self._pins else float("inf")

    def _along(self, path: Sequence[Segment]) -> list[Node]:
        nodes: list[Node] = []
        for key, size in path:
            node = self._nodes.get(key)
            if node is None:
                node = self._nodes[key] = Node(key, nodes[-1] if nodes else None, size)
            if node.size != size or node.parent is not (nodes[-1] if nodes else None):
                raise EvaluatorBug(f"the segment {key!r} has another length or follows another one than before")
            nodes.append(node)
        return nodes

    @staticmethod
    def _chain(node: Node) -> list[Node]:
        chain = [node]
        while chain[-1].parent is not None:
            chain.append(chain[-1].parent)
        return chain

    def _use(self, node: Node) -> None:
        node.users += 1
        if self._unused.pop(node.key, None):
            self.evictable -= node.held

    def _drop(self, node: Node) -> None:
        node.users -= 1
        if node.users:
            return
        self.give(node.held - node.ready)  # room for what was never computed
        node.held = node.ready
        if node.held:
            self._unused[node.key] = node
            self.evictable += node.held
        else:
            del self._nodes[node.key]

    def _evict(self, tokens: int) -> None:
        while tokens > 0:
            node = next(iter(self._unused.values()))
            gone = min(tokens, node.held)
            node.held -= gone
            node.ready = node.held
            self.used -= gone
            self.evictable -= gone
            tokens -= gone
            if not node.held:
                del self._unused[node.key], self._nodes[node.key]
