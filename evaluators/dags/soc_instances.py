"""Streams of jobs for a system on chip: the task graphs, when jobs arrive, how long their tasks really take."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from statistics import NormalDist

from evaluators.dags.graph import CANONICAL, Graph, longest_path
from evaluators.protocol import Instance, chance

HORIZON = 5000  # time units that are simulated, as in DS3
CAPACITY = 3  # jobs whose tasks are in the system at a time, as in DS3
_NORMAL = NormalDist()


@dataclass(frozen=True)
class Stream:
    """Job k is of the graph kinds[k] and arrives at arrivals[k] (not decreasing, the first at 0).

    Task i of job k takes `w` times 1 + std * z[k][i] on whichever PE, rounded, at least 1.
    """

    graphs: Sequence[Graph]
    kinds: Sequence[int]
    arrivals: Sequence[int]
    z: Sequence[Sequence[float]]
    std: float
    horizon: int = HORIZON
    capacity: int = CAPACITY

    @property
    def m(self) -> int:
        """Number of PEs."""
        return self.graphs[0].m

    def graph(self, job: int) -> Graph:
        """The task graph of a job."""
        return self.graphs[self.kinds[job]]

    def duration(self, job: int, task: int, pe: int) -> int:
        """How long a task really takes on a PE; nobody knows before it has ended."""
        expected = self.graph(job).w[task][pe]
        return max(1, round(expected * (1 + self.std * self.z[job][task]))) if self.std else expected

    @cached_property
    def bound(self) -> float:
        """No schedule has a smaller mean latency: every job alone, on the longest path, each task on its best PE."""
        total = 0
        for job, arrival in enumerate(self.arrivals):
            graph = self.graph(job)
            least = [min(self.duration(job, i, p) for p in range(self.m)) for i in range(graph.n)]
            total += min(int(longest_path(graph, least)), self.horizon - arrival)
        return total / len(self.arrivals)


def make(
    split: str, jobs: Sequence[Sequence[str]], scales: Sequence[int], stds: Sequence[float], horizon: int
) -> list[Instance]:
    """One stream for each mix of jobs (names of graphs), mean time between arrivals, and noise. Raises ValueError."""
    made = []
    for mix in jobs:
        graphs = [graph_named(name) for name in mix]
        if len({graph.m for graph in graphs}) > 1:
            raise ValueError(f"the graphs {', '.join(mix)} are for different numbers of PEs")
        label = mix[0] if len(mix) == 1 else f"{mix[0]}..{mix[-1]}"
        for scale in scales:
            for std in stds:
                key = f"soc|{split}|{label}|{scale}|{std}"
                made.append(Instance(key, f"{label} scale={scale}", stream(key, graphs, scale, std, horizon)))
    return made


def stream(key: str, graphs: Sequence[Graph], scale: int, std: float, horizon: int = HORIZON) -> Stream:
    """Jobs drawn evenly from `graphs`; gaps between arrivals are exponential with mean `scale`, rounded down."""
    kinds: list[int] = []
    arrivals: list[int] = []
    z: list[list[float]] = []
    t = 0
    while t < horizon:
        job = len(arrivals)
        arrivals.append(t)
        kinds.append(int(len(graphs) * chance(key, "graph", job)))
        tasks = range(graphs[kinds[-1]].n) if std else ()
        z.append([_NORMAL.inv_cdf(max(chance(key, "duration", job, i), 1e-12)) for i in tasks])
        t += int(-scale * math.log(1.0 - chance(key, "gap", job)))
    return Stream(graphs, kinds, arrivals, z, std, horizon)


@cache
def graph_named(name: str) -> Graph:
    """ "canonical", or "<family>-<number>" with the family "top", "layered" or "wifi". Raises ValueError."""
    family, _, number = name.partition("-")
    if name == "canonical":
        return CANONICAL
    rng = random.Random(f"soc|graph|{name}")
    if family == "top" and number:
        return layered(name, rng, n=10, m=3, mean=13, ccr=1.2, heterogeneity=1.0)
    if family == "layered" and number:
        n, ccr, heterogeneity = rng.randint(10, 40), rng.choice((0.1, 1.0, 5.0)), rng.choice((0.25, 0.5, 1.0))
        return layered(name, rng, n=n, m=4, mean=10, ccr=ccr, heterogeneity=heterogeneity)
    if family == "wifi" and number:
        return wifi(name, rng)
    raise ValueError(f"no task graph {name!r}")


def layered(name: str, rng: random.Random, *, n: int, m: int, mean: float, ccr: float, heterogeneity: float) -> Graph:
    """A random graph with one entry and one exit, levels of about sqrt(n) tasks between them, and skipping edges.

    After section 5.1 of Topcuoglu, Hariri and Wu, 2002: mean times are uniform around `mean`, times on a PE uniform
    within +-heterogeneity / 2 of that, data take `mean` times `ccr` on average.
    """
    levels, left = [[0]], list(range(1, n - 1))
    while left:
        width = min(len(left), rng.randint(1, round(2 * math.sqrt(n)) - 1))
        levels.append(left[:width])
        del left[:width]
    levels.append([n - 1])
    pairs = set()
    for depth, level in enumerate(levels[1:], 1):
        for task in level:
            pairs.add((rng.choice(levels[depth - 1]), task))
    for depth, level in enumerate(levels[:-1]):
        later = [task for following in levels[depth + 1 :] for task in following]
        for task in level:
            wanted = rng.randint(1, 3)
            if not any(i == task for i, _ in pairs):
                pairs.add((task, rng.choice(levels[depth + 1])))
            while sum(i == task for i, _ in pairs) < min(wanted, len(later)):
                pairs.add((task, rng.choice(later)))
    w = []
    for _ in range(n):
        centre = rng.uniform(0.4, 1.6) * mean
        w.append([max(1, round(centre * (1 + heterogeneity * rng.uniform(-0.5, 0.5)))) for _ in range(m)])
    edges = [(i, j, round(rng.uniform(0.4, 1.6) * mean * ccr)) for i, j in sorted(pairs)]
    return Graph(name, w, edges)


def wifi(name: str, rng: random.Random) -> Graph:
    """Parallel chains between an entry and an exit, as WiFi transmitters and receivers have them, on five PEs.

    Two fast cores, two slow ones, and an accelerator that is good at one stage of each chain (a Fourier transform, say)
    and poor at the rest.
    """
    chains, length = rng.randint(2, 4), rng.randint(3, 6)
    special = rng.randrange(length)
    n = chains * length + 2
    stage_time = [rng.randint(4, 16) for _ in range(length)]
    stage_data = [rng.randint(1, 8) for _ in range(length + 1)]

    def row(time: int, accelerated: bool) -> list[int]:
        slow = round(2.5 * time)
        return [time, time, slow, slow, max(1, round(0.25 * time)) if accelerated else 4 * time]

    w = [row(5, False)]
    edges = []
    for chain in range(chains):
        first = 1 + chain * length
        edges.append((0, first, stage_data[0]))
        for stage in range(length):
            w.append(row(stage_time[stage] * (2 if stage == special else 1), stage == special))
            task = first + stage
            edges.append((task, task + 1 if stage < length - 1 else n - 1, stage_data[stage + 1]))
    w.append(row(5, False))
    return Graph(name, w, edges)
