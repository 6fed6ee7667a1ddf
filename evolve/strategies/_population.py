"""A population of programs in clusters: programs that differ in constants only are one idea, and compete as one."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from evolve.records import Candidate
from evolve.syntax import constants, fingerprint, with_constants

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
    if candidate.source is None:
        return candidate.syntax or candidate.id
    try:
        return fingerprint(with_constants(candidate.source, [2.0] * len(constants(candidate.source))))
    except (SyntaxError, ValueError):
        return candidate.syntax or candidate.id


def member_of(candidate: Candidate, told: int) -> Member | None:
    """The candidate as a member that arrives as number `told`; None unless it is valid."""
    if candidate.status != "valid" or candidate.train is None or not math.isfinite(candidate.train):
        return None
    return Member((float(f"{candidate.train:.3g}"), candidate.size or 0, told), candidate.id, shape(candidate))
