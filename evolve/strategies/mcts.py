"""Monte Carlo tree search over programs, after MCTS-AHD (Zheng et al., 2025).

A node is a valid program, its children are what was made of it. A path is walked down from the root by UCT, whose wish
to explore falls with the budget, as long as a node has as many children as its visits allow (progressive widening);
there a new child is asked for. What a child is worth goes up to all its ancestors, as the best of their offspring.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field

from evolve.records import Candidate, Proposal
from evolve.strategies import _mix
from evolve.strategies.base import View

EXPLORATION = 0.4  # at the start; 0 at the end of the budget
WIDENING = 0.5  # a node visited v times may have v ** WIDENING children
ELITE = 10


@dataclass
class Node:
    """A program: its gap, the best gap among it and its offspring, how often it was walked through."""

    id: str
    gap: float
    best: float
    parent: Node | None
    visits: int = 0
    asked: int = 0
    children: list[Node] = field(default_factory=list)


class Mcts:
    """The root holds the initial program, if it is valid, and what was made without a parent."""

    def __init__(self) -> None:
        self._root = Node("", math.inf, math.inf, None)
        self._nodes: dict[str, Node] = {}
        self._elite: list[Node] = []
        self._low, self._high = math.inf, -math.inf

    def ask(self, view: View, rng: random.Random) -> Proposal:
        if not self._nodes:
            return _mix.first(view, rng)
        node = self._select(view.progress)
        mix = _mix.weights(view.progress)
        operator = "explore" if node is self._root and "explore" in view.operators else None
        operator = operator or _mix.draw(view, rng, mix, alone=len(self._nodes) < 2)
        node = self._elite[0] if node is self._root else node
        needed = max(1, view.operators[operator])
        others = [one for one in self._elite if one is not node]
        parents = [*rng.sample(others, min(needed - 1, len(others))), node]
        parents = sorted([node] * (needed - len(parents)) + parents, key=lambda one: -one.gap)
        shown = [one.id for one in others if one not in parents]
        note = {"under": node.id}
        return Proposal(operator, tuple(one.id for one in parents), tuple(shown[:2]), _mix.model(view, rng), note)

    def _select(self, progress: float) -> Node:
        """Walk down by UCT to a node that may have another child."""
        node = self._root
        exploration = EXPLORATION * (1 - progress)
        while node.children and len(node.children) >= max(1, node.visits) ** WIDENING:
            visits = math.log(node.visits + 1)
            node = max(
                node.children, key=lambda one: self._worth(one) + exploration * math.sqrt(visits / (one.visits + 1))
            )
        return node

    def _worth(self, node: Node) -> float:
        """0 for the worst gap seen, 1 for the best."""
        spread = self._high - self._low
        return (self._high - node.best) / spread if spread > 0 else 0.5

    def tell(self, candidate: Candidate) -> None:
        under = self._nodes.get(str(candidate.note.get("under", "")), self._root)
        walked: Node | None = under
        while walked is not None:  # also for those that failed: a node that leads nowhere loses its charm
            walked.visits += 1
            walked = walked.parent
        if candidate.status != "valid" or candidate.train is None or not math.isfinite(candidate.train):
            return
        node = Node(candidate.id, candidate.train, candidate.train, under)
        under.children.append(node)
        self._nodes[node.id] = node
        self._low, self._high = min(self._low, node.gap), max(self._high, node.gap)
        walked = under
        while walked is not None:
            walked.best = min(walked.best, node.gap)
            walked = walked.parent
        self._elite = sorted([*self._elite, node], key=lambda one: one.gap)[:ELITE]


STRATEGY = Mcts
