"""Monte Carlo tree search over programs, after MCTS-AHD (Zheng et al., ICML 2025).

A node is a valid program; its children are what was made of it. A path is walked down from the root by UCT, whose wish
to explore falls with the budget, to the first node that may have another child: a new node gets a fixed number of them
(the paper's expansion), an older one as many as its visits allow (progressive widening). The best gap among a node's
offspring is what the node is worth.

The paper's actions and ours: E1, at the root: explore, from one program of each subtree; E2: common_idea, from the node
and an elite; M1: mutate; M2: tune; S1: path, from the programs between the root and the node. Several final solutions
are kept: the best of every subtree of the root.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from evolve.records import Candidate, Proposal
from evolve.strategies import _mix
from evolve.strategies._population import Best, gap_of
from evolve.strategies.base import View

EXPLORATION = 0.1  # at the start; 0 at the end of the budget
WIDENING = 0.5  # a node visited v times may have v ** WIDENING children
DEPTH = 10
FIRST = 4  # children that the root gets at first: the initial program and three that differ from it
# Children that a new node gets at first, by what makes them.
EXPANSION = {"common_idea": 1, "mutate": 2, "tune": 2, "path": 1}
INSTEAD = {"common_idea": "combine", "path": "combine"}  # for proposers that cannot carry an action out
ELITE = 10
SHOWN = 5  # programs of other subtrees, or of a path, that a prompt shows


@dataclass(eq=False)
class Node:
    """A program. `tried` counts what was told of as made from it, failures included, `visits` that of its offspring,
    too; `worth` is the best gap among its offspring, or its own while it has none."""

    id: str
    gap: float
    parent: Node | None
    worth: float
    tried: int = 0
    visits: int = 1
    children: list[Node] = field(default_factory=list)
    offspring: list[Node] = field(default_factory=list)  # itself included; kept for children of the root alone

    @property
    def path(self) -> list[Node]:
        """The programs from the one below the root to this one."""
        return [*self.parent.path, self] if self.parent else []


class Mcts:
    """The root holds no program: its children are the initial one, if it is valid, and what explore made."""

    def __init__(self) -> None:
        self._root = Node("", math.inf, None, math.inf)
        self._nodes: dict[str, Node] = {}
        self._elite = Best(ELITE)
        self._told = 0

    # --- asking -----------------------------------------------------------------------------------------------------

    def ask(self, view: View, rng: random.Random) -> Proposal:
        if not self._nodes:
            return _mix.first(view, rng)
        node = self._select(view.progress)
        action = self._action(node, view, rng)
        operator = _mix.nearest(view, action, INSTEAD.get(action, action)) or _mix.easiest(view)
        parents = self._parents(node, action, rng)
        while len(parents) < view.operators[operator]:
            left = [self._nodes[one] for one in self._elite.ids if self._nodes[one] not in parents]
            parents.append(left[0] if left else parents[0])
        parents.sort(key=lambda one: -one.gap)
        return Proposal(operator, tuple(one.id for one in parents), (), _mix.model(view, rng), {"under": node.id})

    def _select(self, progress: float) -> Node:
        """Walk down by UCT to a node that may have another child."""
        node = self._root
        exploration = EXPLORATION * (1 - progress)
        while not self._open(node):
            seen = math.log(node.visits + 1)
            uct = [(self._value(one) + exploration * math.sqrt(seen / one.visits), one) for one in node.children]
            node = max(uct, key=lambda item: item[0])[1]
        return node

    def _open(self, node: Node) -> bool:
        first = FIRST if node is self._root else sum(EXPANSION.values())
        if node.tried < first or not node.children or len(node.path) >= DEPTH:
            return True
        return int(node.visits**WIDENING) > node.tried

    def _value(self, node: Node) -> float:
        """1 for the best gap seen, 0 for the first one or worse: bad programs are no measure of the others."""
        best, first = self._elite.ranked[0][0], next(iter(self._nodes.values())).gap
        return max(0.0, (first - node.worth) / (first - best)) if first > best else float(node.worth <= best)

    def _action(self, node: Node, view: View, rng: random.Random) -> str:
        if node is self._root:
            return "explore"
        if node.tried >= sum(EXPANSION.values()) and node.children and len(node.path) < DEPTH:
            return "common_idea"
        weights = {
            action: weight
            for action, weight in EXPANSION.items()
            if _mix.nearest(view, action, INSTEAD.get(action, action)) and (action != "path" or len(node.path) > 1)
        }
        return rng.choices(list(weights), list(weights.values()))[0] if weights else "mutate"

    def _parents(self, node: Node, action: str, rng: random.Random) -> list[Node]:
        if node is self._root:
            lines = rng.sample(node.children, min(SHOWN, len(node.children)))
            return [rng.choice(line.offspring) for line in lines]
        if action == "path":
            return [*sorted(node.path[:-1], key=lambda one: one.gap)[: SHOWN - 1], node]
        if action == "common_idea":
            return [*(self._nodes[one] for one in self._elite.draw(1, rng, without=node.id)), node]
        return [node]

    # --- telling ----------------------------------------------------------------------------------------------------

    def tell(self, candidate: Candidate) -> None:
        self._told += 1
        under = self._nodes.get(str(candidate.note.get("under", "")), self._root)
        under.tried += 1
        gap = gap_of(candidate)
        if gap is not None:
            node = Node(candidate.id, gap, under, gap)
            under.children.append(node)
            self._nodes[node.id] = node
            self._elite.add(candidate, self._told)
            node.path[0].offspring.append(node)
        walked: Node | None = under
        while walked is not None:  # also for those that failed: a node that leads nowhere loses its charm
            walked.visits += 1
            walked.worth = min((one.worth for one in walked.children), default=walked.worth)
            walked = walked.parent

    def finalists(self) -> Sequence[str]:
        """The best of every subtree of the root, the best ones."""
        heads = [min(line.offspring, key=lambda one: one.gap) for line in self._root.children]
        return [one.id for one in sorted(heads, key=lambda one: one.gap)[:ELITE]]


STRATEGY = Mcts
