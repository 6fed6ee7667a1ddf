"""Populations: the best programs, and clusters of programs that differ in constants only and compete as one idea."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from evolve import syntax
from evolve.records import Candidate

Rank = tuple[float, int, int, str]  # gap, size, order of arrival, id

CLUSTERS, MEMBERS = 24, 4  # kept a population, and kept a cluster


@dataclass(frozen=True)
class Member:
    """A valid program: its train gap, rounded so that noise in the last digits does not count, and its size."""

    rank: tuple[float, int, int]  # gap, size, order of arrival
    id: str
    shape: str

    @property
    def gap(self) -> float:
        return self.rank[0]


@dataclass
class Population:
    """Clusters by shape, best first, each with its best members, best first."""

    clusters: list[list[Member]] = field(default_factory=list)
    limit: int = CLUSTERS

    @property
    def best(self) -> Member | None:
        return self.clusters[0][0] if self.clusters else None

    def add(self, member: Member) -> None:
        cluster = next((one for one in self.clusters if one[0].shape == member.shape), None)
        if cluster is None:
            cluster = []
            self.clusters.append(cluster)
        if all(member.id != other.id for other in cluster):
            cluster.append(member)
        cluster.sort(key=lambda one: one.rank)
        del cluster[MEMBERS:]
        self.clusters.sort(key=lambda one: one[0].rank)
        del self.clusters[self.limit :]

    def draw(self, rng: random.Random, temperature: float, other: Member | None = None) -> Member | None:
        """A program of a cluster drawn by rank; of another cluster than that of `other` if there is one."""
        choice = [one for one in self.clusters if other is None or one[0].shape != other.shape]
        if not choice:
            return None
        cluster = _by_rank(choice, rng, temperature)
        return _by_rank(cluster, rng, 0.7)


T = TypeVar("T")


def _by_rank(items: Sequence[T], rng: random.Random, temperature: float) -> T:
    return rng.choices(items, [math.exp(-rank / temperature) for rank in range(len(items))])[0]


def shape(candidate: Candidate) -> str:
    """What a program is without its constants."""
    found = syntax.shape(candidate.source) if candidate.source is not None else None
    return found or candidate.syntax or candidate.id


def member_of(candidate: Candidate, told: int) -> Member | None:
    """The candidate as a member that arrives as number `told`; None unless it is valid."""
    gap = gap_of(candidate)
    if gap is None:
        return None
    return Member((float(f"{gap:.3g}"), candidate.size or 0, told), candidate.id, shape(candidate))


def gap_of(candidate: Candidate) -> float | None:
    """The candidate's train gap; None unless it is valid."""
    gap = candidate.train
    return gap if candidate.status == "valid" and gap is not None and math.isfinite(gap) else None


@dataclass
class Best:
    """The best programs, best first. Of those that score the same the smallest stays, so that no two have one gap."""

    limit: int
    ranked: list[Rank] = field(default_factory=list)

    @property
    def ids(self) -> list[str]:
        return [identifier for *_, identifier in self.ranked]

    def add(self, candidate: Candidate, told: int) -> None:
        """Rank a candidate that arrives as number `told`; nothing unless it is valid."""
        gap = gap_of(candidate)
        if gap is None:
            return
        mine = (float(f"{gap:.9g}"), candidate.size or 0, told, candidate.id)  # rounded: sums differ in the last digits
        same = [one for one in self.ranked if one[0] == mine[0]]
        others = [one for one in self.ranked if one[0] != mine[0]]
        self.ranked = sorted([*others, min([mine, *same])])[: self.limit]

    def draw(self, count: int, rng: random.Random, without: str | None = None) -> list[str]:
        """So many different programs if there are as many, the best last; that of rank r (from 1) among n is drawn with
        a probability in proportion to 1 / (r + n)."""
        pool = list(enumerate((one for one in self.ranked if one[-1] != without), 1))
        total = len(pool)
        chosen: list[tuple[int, Rank]] = []
        while pool and len(chosen) < count:
            one = rng.choices(pool, [1 / (rank + total) for rank, _ in pool])[0]
            pool.remove(one)
            chosen.append(one)
        return [identifier for _, (*_, identifier) in sorted(chosen, reverse=True)]
