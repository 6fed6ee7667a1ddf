"""Exact total tardiness on one machine: Lawler's decomposition.

Lawler, A "pseudopolynomial" algorithm for sequencing jobs to minimize total tardiness, Annals of Discrete Mathematics
1, 1977: in EDD order, some position k not before that of the longest job is such that the jobs up to k (without the
longest) precede the longest job, and the others follow it. Potts and Van Wassenhove, A decomposition algorithm for the
single machine total tardiness problem, Operations Research Letters 1, 1982, limit the positions to be tried.
"""

from __future__ import annotations

from collections.abc import Sequence

Block = tuple[int, ...]  # jobs as positions in the EDD order of the whole instance, ascending


def optimal_sequence(p: Sequence[int], d: Sequence[int]) -> tuple[int, list[int]]:
    """The least total tardiness of jobs with processing times p_j and due dates d_j (integers), and an order of them.

    Exponential in the worst case; milliseconds for n = 100 and about half a second for n = 200 on common instances.
    """
    edd = sorted(range(len(p)), key=lambda j: (d[j], p[j], j))
    search = _Decomposition([p[j] for j in edd], [d[j] for j in edd])
    everything = tuple(range(len(p)))
    best = search.tardiness(everything, 0)
    return best, [edd[i] for i in search.sequence(everything, 0)]


def optimal_tardiness(p: Sequence[int], d: Sequence[int]) -> int:
    """The least total tardiness."""
    return optimal_sequence(p, d)[0]


class _Decomposition:
    """Jobs in EDD order, and what is known of blocks of them: their best value from a start time, and how."""

    def __init__(self, p: list[int], d: list[int]) -> None:
        self.p, self.d = p, d
        self.known: dict[tuple[Block, int], tuple[int, int, int]] = {}

    def tardiness(self, block: Block, start: int) -> int:
        """The least total tardiness of the block when it starts at `start`."""
        if len(block) < 2:
            return max(0, start + self.p[block[0]] - self.d[block[0]]) if block else 0
        key = (block, start)
        if key not in self.known:
            self.known[key] = self._edd(block, start) or self._split(block, start)
        return self.known[key][0]

    def _edd(self, block: Block, start: int) -> tuple[int, int, int] | None:
        """EDD is optimal if it makes at most one job tardy."""
        total = tardy = 0
        for i in block:
            start += self.p[i]
            if start > self.d[i]:
                total += start - self.d[i]
                tardy += 1
                if tardy > 1:
                    return None
        return total, -1, -1

    def _split(self, block: Block, start: int) -> tuple[int, int, int]:
        """Try the positions k at which the longest job (the later in EDD order of equals) can end."""
        p, d = self.p, self.d
        longest = max(range(len(block)), key=lambda a: (p[block[a]], a))
        job = block[longest]
        end = start + sum(p[i] for i in block[:longest])
        best: tuple[int, int, int] | None = None
        release = 0  # the largest d_i + p_i of jobs between the longest one and position k
        for k in range(longest, len(block)):
            end += p[block[k]]
            if k > longest:
                release = max(release, d[block[k]] + p[block[k]])
            if release > end or (k + 1 < len(block) and end >= d[block[k + 1]]):
                continue
            value = max(0, end - d[job]) + self.tardiness(block[:longest] + block[longest + 1 : k + 1], start)
            if best is None or value < best[0]:
                value += self.tardiness(block[k + 1 :], end)
                if best is None or value < best[0]:
                    best = value, longest, k
        assert best is not None, "Lawler's theorem: one position is always eligible"
        return best

    def sequence(self, block: Block, start: int) -> list[int]:
        """An optimal order of a block whose value is known."""
        if len(block) < 2:
            return list(block)
        _, longest, k = self.known[block, start]
        if longest < 0:
            return list(block)
        end = start + sum(self.p[i] for i in block[: k + 1])
        left = self.sequence(block[:longest] + block[longest + 1 : k + 1], start)
        return [*left, block[longest], *self.sequence(block[k + 1 :], end)]
