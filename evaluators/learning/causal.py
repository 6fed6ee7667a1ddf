"""Causal discovery by topological order: the order of a linear model is improved, one scored proposal at a time.

The outer level of Deng, Bello, Aragam and Ravikumar (Optimizing NOTEARS Objectives via Topological Swaps, ICML 2023):
for a given order the best linear model is found by least squares; what is searched is the order.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluators.answers import plain
from evaluators.drawing import MARKS, Drawing, Link, Node, titled
from evaluators.learning import orders
from evaluators.learning.training import Array, generator
from evaluators.protocol import Evaluator, Illegal, Instance, Labels, Outcome, Reference

PROPOSALS = 3  # a node
EXACT = 14  # nodes up to which the optimum is computed
GAIN = 1e-9  # what counts as less: swaps of unrelated nodes leave the loss as it was, but for rounding
DIGITS = (
    9  # kept of correlations and of what is shown: the last bits of linear algebra differ from processor to processor
)


@dataclass(frozen=True)
class Data:
    """Standardised data: correlations S of d variables; the order to start from; and, for reports only, the model that
    made them: W[i, j] is the weight of the edge i -> j, and the deviations of the variables before standardising."""

    S: Array
    start: tuple[int, ...]
    W: Array
    deviations: Array


class CausalOrder(Evaluator):
    """Whoever decides may propose 3 d changes of the order, each two positions to swap or a whole new order; the one
    that lowers the loss is kept. The cost is the loss of the order that is left: the sum of residual variances."""

    measure = "loss, sum of residual variances"
    scale = "loss of the order above the least one, %"
    headline = ("reversed_edges", "shd")
    slow_reference = True

    def instances(
        self,
        split: str,
        *,
        sizes: Sequence[Sequence[int]],
        degree: float = 2.0,
        samples: int = 1000,
        unequal: float = 2.0,
    ) -> list[Instance]:
        """sizes: [nodes, how many]. The rest: see `generate`."""
        return [
            Instance(key := f"order|{split}|{d}|{k}", f"d={d}", generate(key, d, degree, samples, unequal))
            for d, count in sizes
            for k in range(count)
        ]

    def reference(self, instance: Instance) -> Reference:
        """The optimum for up to 14 nodes; otherwise the best of a long search, with a proven bound."""
        S: Array = instance.data.S
        if len(S) <= EXACT:
            return Reference(orders.loss(S, orders.best_order(S)), "optimal")
        return Reference(orders.loss(S, orders.searched_order(S, instance.key)), "best known", orders.bound(S))

    def episode(self, instance: Instance, labels: Labels) -> Generator[dict[str, Any], Any, Outcome]:
        """Ask for proposals until there are none left, or None is answered."""
        data: Data = instance.data
        d = len(data.S)
        node_of = labels.permutation("node", d)
        label_of = {node: label for label, node in enumerate(node_of)}
        S = data.S[np.ix_(node_of, node_of)]
        order = list(data.start)
        L = orders.factor(data.S, order)
        first = loss = float(np.square(np.diagonal(L)).sum())
        tried = np.zeros((d, d), dtype=np.int8)
        kept = used = 0
        for left in range(PROPOSALS * d, 0, -1):
            answer = yield {
                "S": S.copy(),
                "order": [label_of[node] for node in order],
                "L": np.round(L, DIGITS),
                "loss": round(loss, DIGITS),
                "tried": tried.copy(),
                "left": left,
            }
            if answer is None:
                break
            used += 1
            proposed = _proposed(answer, order, node_of)
            factor = orders.factor(data.S, proposed)
            value = float(np.square(np.diagonal(factor)).sum())
            if value < loss - GAIN:
                order, L, loss = proposed, factor, value
                tried = np.zeros((d, d), dtype=np.int8)
                kept += 1
            elif len(answer) == 2:
                i, j = answer
                tried[i, j] = tried[j, i] = 1
        metrics = {
            "reversed_edges": 100.0 * reversed_share(data.W, order),
            "shd": float(hamming_distance(data, order)),
            "proposals": float(used),
            "kept": float(kept),
            "gain": 100.0 * (first - loss) / first,
        }
        return Outcome(loss, metrics, decisions=order)

    def draw(self, instance: Instance, outcome: Outcome) -> Drawing:
        """The model's nodes by their places in the order and in a true one, and which of its edges the order reverses.

        A true order has every cause before its effects; there may be others.
        """
        W: Array = instance.data.W
        place = {node: position for position, node in enumerate(outcome.decisions)}
        nodes = [Node(f"x{j}", place[j] + 1, true + 1) for true, j in enumerate(_true_order(W))]
        edges = np.argwhere(W).tolist()
        shown = min(len(edges), MARKS)
        links = [
            Link(f"x{i}", f"x{j}", float(W[i, j]), kind="cause before effect" if place[i] < place[j] else "reversed")
            for i, j in edges[:shown]
        ]
        return Drawing(
            "place in the order found, 1 is first",
            "place in a true order, 1 is first",
            nodes=nodes,
            links=links,
            weight=titled("weight of the edge, units of the effect per unit of the cause", shown, len(edges)),
        )


def _proposed(answer: Any, order: Sequence[int], node_of: Sequence[int]) -> list[int]:
    """The order that an answer proposes, in true nodes. Raises Illegal."""
    d = len(order)
    answer = plain(answer, "iu", "a list of ints", "decide returned ")
    if type(answer) not in (list, tuple) or len(answer) not in (2, d):
        what = f"{len(answer)} items" if type(answer) in (list, tuple) else f"a {type(answer).__name__}"
        raise Illegal(f"decide returned {what}; expected [i, j], a list of all {d} nodes, or None")
    for place, item in enumerate(answer):
        if type(item) is not int:
            raise Illegal(f"entry {place} of the answer is a {type(item).__name__}; it must be an int")
        if not 0 <= item < d:
            raise Illegal(f"entry {place} of the answer is {item}; positions and nodes are numbered 0 to {d - 1}")
    if len(answer) == 2:
        i, j = answer
        if i == j:
            raise Illegal(f"position {i} cannot be swapped with itself")
        proposed = list(order)
        proposed[i], proposed[j] = order[j], order[i]
        return proposed
    if len(set(answer)) < d:
        twice = next(node for place, node in enumerate(answer) if node in answer[:place])
        raise Illegal(f"the order holds node {twice} twice")
    return [node_of[label] for label in answer]


def _true_order(W: Array) -> list[int]:
    """The model's nodes, every cause before its effects; of those that may come next, the one of the lowest number."""
    left, order = list(range(len(W))), []
    while left:
        order.append(next(j for j in left if not W[left, j].any()))
        left.remove(order[-1])
    return order


def reversed_share(W: Array, order: Sequence[int]) -> float:
    """Share of the model's edges whose effect comes before its cause in the order (0 if there are no edges)."""
    position = np.argsort(order)
    causes, effects = np.nonzero(W)
    return float(np.mean(position[causes] > position[effects])) if len(causes) else 0.0


def hamming_distance(data: Data, order: Sequence[int], threshold: float = 0.3) -> int:
    """Structural Hamming distance of the least-squares model of an order to the true one: edges that must be added,
    removed or reversed. Weights below 0.3, on the original scale, are no edges, as in NOTEARS (Zheng et al., 2018)."""
    place = np.array(order)
    L = orders.factor(data.S, order)
    # x = L z with z_i = residual_i / L[i, i], so residual = (L diag(1 / L_ii))^-1 x = (I - weights) x
    weights = np.eye(len(L)) - np.linalg.inv(L / np.diagonal(L))
    weights *= np.outer(data.deviations[place], 1.0 / data.deviations[place])
    found = np.zeros(data.W.shape, dtype=bool)
    strong = np.abs(weights) > threshold
    found[np.ix_(place, place)] = strong.T
    wrong = found != (data.W != 0)
    return int(np.triu(wrong | wrong.T).sum())


def generate(key: str, d: int, degree: float = 2.0, samples: int = 1000, unequal: float = 2.0) -> Data:
    """A random linear model and the correlations of data from it (Zheng et al., DAGs with NO TEARS, 2018).

    Edges as in Erdos and Renyi's graphs, `degree` d of them expected; weights +-U[0.5, 2]; Gaussian noise whose
    deviation is drawn log-uniformly between 1 / unequal and unequal (1: equal variances). Standardised, since variances
    that grow along the order give it away (Reisach, Seiler and Weichwald, Beware of the Simulated DAG!, 2021).
    """
    rng = generator(key)
    causal = rng.permutation(d)
    edges = np.triu(rng.random((d, d)) < 2.0 * degree / (d - 1), 1)
    weights = edges * rng.uniform(0.5, 2.0, (d, d)) * rng.choice([-1.0, 1.0], (d, d))
    noise = rng.standard_normal((samples, d)) * unequal ** rng.uniform(-1.0, 1.0, d)
    W: Array = np.zeros((d, d))
    W[np.ix_(causal, causal)] = weights
    X: npt.NDArray[np.float64] = np.zeros((samples, d))
    for position, node in enumerate(causal):
        X[:, node] = X @ W[:, node] + noise[:, position]
    deviations = X.std(axis=0)
    Z = (X - X.mean(axis=0)) / deviations
    return Data(np.round(Z.T @ Z / samples, DIGITS), tuple(rng.permutation(d).tolist()), W, deviations)
