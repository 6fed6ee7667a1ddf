"""Task graphs on heterogeneous processing elements (PEs): ranks, the optimistic cost table, lengths of paths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Graph:
    """w[i][p] >= 1 is the time that task i takes on PE p; an edge (i, j, c) means that j needs data of i.

    The data take c time units if i and j run on different PEs, none otherwise. Tasks are numbered so that i < j on
    every edge.
    """

    name: str
    w: Sequence[Sequence[int]]
    edges: Sequence[tuple[int, int, int]]

    def __post_init__(self) -> None:
        for i, j, _ in self.edges:
            if not 0 <= i < j < len(self.w):
                raise ValueError(f"{self.name}: the edge {i}-{j} does not lead from a task to a later one")

    @property
    def n(self) -> int:
        """Number of tasks."""
        return len(self.w)

    @property
    def m(self) -> int:
        """Number of PEs."""
        return len(self.w[0])

    @cached_property
    def parents(self) -> list[list[tuple[int, int]]]:
        """parents[j]: the pairs (i, c) of the edges that end in j."""
        found: list[list[tuple[int, int]]] = [[] for _ in self.w]
        for i, j, c in self.edges:
            found[j].append((i, c))
        return found

    @cached_property
    def children(self) -> list[list[tuple[int, int]]]:
        """children[i]: the pairs (j, c) of the edges that start in i."""
        found: list[list[tuple[int, int]]] = [[] for _ in self.w]
        for i, j, c in self.edges:
            found[i].append((j, c))
        return found

    @cached_property
    def w_mean(self) -> list[float]:
        """Mean time of each task over the PEs."""
        return [sum(row) / len(row) for row in self.w]

    @cached_property
    def upward(self) -> list[float]:
        """Upward rank: mean times and communication on the longest path from a task to the end, itself included.

        Topcuoglu, Hariri and Wu, IEEE Transactions on Parallel and Distributed Systems 13(3), 2002, equation 5.
        """
        rank = [0.0] * self.n
        for i in reversed(range(self.n)):
            rank[i] = self.w_mean[i] + max((c + rank[j] for j, c in self.children[i]), default=0.0)
        return rank

    @cached_property
    def downward(self) -> list[float]:
        """Downward rank: the longest path from the start to a task, itself excluded (the same paper, equation 7)."""
        rank = [0.0] * self.n
        for j in range(self.n):
            rank[j] = max((rank[i] + self.w_mean[i] + c for i, c in self.parents[j]), default=0.0)
        return rank

    @cached_property
    def optimistic(self) -> list[list[float]]:
        """Optimistic cost table: the least time from the end of task i, run on p, to the end, were PEs always free.

        Arabnejad and Barbosa, IEEE Transactions on Parallel and Distributed Systems 25(3), 2014, equation 6.
        """
        table = [[0.0] * self.m for _ in self.w]
        for i in reversed(range(self.n)):
            for p in range(self.m):
                table[i][p] = max(
                    (
                        min(table[j][q] + self.w[j][q] + (c if p != q else 0) for q in range(self.m))
                        for j, c in self.children[i]
                    ),
                    default=0.0,
                )
        return table


def longest_path(graph: Graph, times: Sequence[float]) -> float:
    """Length of the longest path where task i takes times[i] and data take none."""
    ends = [0.0] * graph.n
    for j in range(graph.n):
        ends[j] = times[j] + max((ends[i] for i, _ in graph.parents[j]), default=0.0)
    return max(ends)


CANONICAL = Graph(
    "canonical",
    (
        (14, 16, 9),
        (13, 19, 18),
        (11, 13, 19),
        (13, 8, 17),
        (12, 13, 10),
        (13, 16, 9),
        (7, 15, 11),
        (5, 11, 14),
        (18, 12, 20),
        (21, 7, 16),
    ),
    (
        (0, 1, 18),
        (0, 2, 12),
        (0, 3, 9),
        (0, 4, 11),
        (0, 5, 14),
        (1, 7, 19),
        (1, 8, 16),
        (2, 6, 23),
        (3, 7, 27),
        (3, 8, 23),
        (4, 8, 13),
        (5, 7, 15),
        (6, 9, 17),
        (7, 9, 11),
        (8, 9, 13),
    ),
)
"""Ten tasks on three PEs: figure 2 and table 1 of Topcuoglu, Hariri and Wu, 2002; the default job of DS3."""
