"""Broadcast of a large object from one region to many, through a complete digraph of cloud regions: verifier, pricing.

After Cloudcast (Wooders et al., NSDI 2024): the object is cut into partitions, each of which travels along a tree of
its own; regions on the way relay. Egress is paid by the GB, virtual machines and waiting by the second.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from evaluators.answers import plain
from evaluators.drawing import MARKS, Drawing, Link, Node, titled
from evaluators.networks.clouds import VM_PRICE, VMS, Cloud, Floats, generate, regions
from evaluators.networks.steiner import broadcast_bound, cheapest_tree
from evaluators.protocol import Evaluator, Illegal, Instance, Labels, Outcome, Reference

Integers = NDArray[np.int64]

ASIDE = {"aws": 0.0, "gcp": 1.5, "azure": -1.5}  # degrees: where drawings put a provider's regions beside their places
EXACT = 7  # up to so many destinations the cheapest tree is found exactly, where only money counts

# The five broadcasts of the public benchmark (ADRS, arXiv:2510.06189), here on a synthetic cloud.
PUBLISHED = {
    "intra aws": "aws:ap-northeast-1 aws:me-south-1 aws:eu-south-1 aws:us-west-2 aws:us-east-1 aws:sa-east-1 "
    "aws:ap-southeast-1",
    "intra azure": "azure:australiaeast azure:westeurope azure:westus azure:koreacentral azure:brazilsouth "
    "azure:uaenorth azure:centralindia",
    "intra gcp": "gcp:us-east1 gcp:europe-west1 gcp:australia-southeast1 gcp:us-west4 gcp:southamerica-east1 "
    "gcp:asia-southeast2 gcp:europe-north1",
    "inter agz": "gcp:asia-southeast1 azure:australiaeast azure:eastasia azure:brazilsouth aws:ap-southeast-2 "
    "aws:sa-east-1 gcp:australia-southeast1",
    "inter gaz2": "gcp:asia-southeast1 azure:australiaeast azure:eastasia azure:brazilsouth aws:ap-southeast-2 "
    "aws:sa-east-1 gcp:australia-southeast1 aws:us-west-2",
}


@dataclass(frozen=True)
class Job:
    """One broadcast: regions by index; `delay_price` is $ a second until the last destination has everything."""

    cloud: Cloud
    source: int
    destinations: tuple[int, ...]
    partitions: int
    partition_gb: float
    delay_price: float


class Edge(NamedTuple):
    """A link that is used: true names, partitions, Gbps it gets, seconds it takes."""

    tail: str
    head: str
    partitions: int
    gbps: float
    seconds: float


class Price(NamedTuple):
    """What a broadcast costs, in $, and how long it takes."""

    egress: float
    machines: float
    delay: float
    seconds: float


class BroadcastOverlay(Evaluator):
    """A tree for each partition; egress, virtual machines and delay are paid."""

    headline = ("egress", "seconds")
    measure = "cost, $"
    scale = "$ above the lower bound, %"
    slow_reference = True

    def instances(
        self,
        split: str,
        *,
        destinations: Sequence[int],
        delay_prices: Sequence[float],
        count: int,
        published: bool = False,
        spread: float = 0.35,
        price_spread: float = 0.0,
        regions: int | None = None,
        gigabytes: float = 300.0,
        partitions: int = 10,
    ) -> list[Instance]:
        """`count` broadcasts for each number of destinations and each price of delay ($ a second); if `published` also
        the five of the benchmark, whose delay costs nothing. spread, price_spread, regions: see `clouds.generate`."""
        made = []
        for size in destinations:
            for delay_price in delay_prices:
                for k in range(count):
                    key = f"broadcast|{split}|{size}|{delay_price}|{k}"
                    cloud = generate(key, spread, price_spread, regions)
                    source, *rest = random.Random(f"{key}|places").sample(range(len(cloud.names)), size + 1)
                    job = Job(cloud, source, tuple(rest), partitions, gigabytes / partitions, delay_price)
                    made.append(Instance(key, f"{size} destinations, delay {delay_price:g} $/s", job))
        for name, places in PUBLISHED.items() if published else ():
            key = f"broadcast|{split}|{name}"
            cloud = generate(key, spread)
            source, *rest = [cloud.names.index(place) for place in places.split()]
            job = Job(cloud, source, tuple(rest), partitions, gigabytes / partitions, 0.0)
            made.append(Instance(key, "6 or 7 destinations, delay 0 $/s", job))
        return made

    def reference(self, instance: Instance) -> Reference:
        """A proven lower bound: of a linear program over cuts, or of the exact cheapest tree where that is higher."""
        job: Job = instance.data
        gigabytes = job.partitions * job.partition_gb
        machines = VMS * VM_PRICE * (len(job.destinations) + 1)
        bound = broadcast_bound(job.cloud, job.source, job.destinations, gigabytes, job.delay_price + machines)
        if len(job.destinations) <= EXACT:
            egress = gigabytes * cheapest_tree(job.cloud.price, job.source, job.destinations)
            bound = max(bound, egress + (job.delay_price + machines) * least_seconds(job))
        return Reference(bound, "bound")

    def question(self, instance: Instance, labels: Labels) -> dict[str, Any]:
        """Prices and throughputs as (n, n) arrays, limits as (n,) arrays; regions in random order, without names."""
        job: Job = instance.data
        cloud = job.cloud
        order = np.array(labels.permutation("region", len(cloud.names)))
        label_of = np.argsort(order)
        pick = np.ix_(order, order)
        return {
            "price": cloud.price[pick],
            "throughput": cloud.throughput[pick],
            "ingress": cloud.ingress[order],
            "egress": cloud.egress[order],
            "source": int(label_of[job.source]),
            "destinations": sorted(int(label_of[place]) for place in job.destinations),
            "partitions": job.partitions,
            "partition_gb": job.partition_gb,
            "vm_price": VMS * VM_PRICE,
            "delay_price": job.delay_price,
        }

    def verify(self, instance: Instance, answer: Any, labels: Labels) -> Outcome:
        """The answer must give each partition a parent for each region, so that every destination's way up ends at the
        source. Only regions on such a way take part; what is said of the others counts for nothing."""
        job: Job = instance.data
        n = len(job.cloud.names)
        order = labels.permutation("region", n)
        label_of = {region: label for label, region in enumerate(order)}
        if type(answer) not in (list, tuple, np.ndarray):
            raise Illegal(f"solve must return a list of {job.partitions} lists of parents, not a {_kind(answer)}")
        if isinstance(answer, np.ndarray) and answer.ndim != 2:
            raise Illegal(f"an array of {answer.ndim} dimensions; expected {job.partitions} rows of {n} parents")
        if len(answer) != job.partitions:
            raise Illegal(f"solve returned {len(answer)} lists of parents; there are {job.partitions} partitions")
        carried = np.zeros((n, n), dtype=np.int64)
        trees = []
        for k, row in enumerate(answer):
            parents = _parents(row, k, n)
            used = _climb(parents, k, label_of[job.source], sorted(label_of[place] for place in job.destinations))
            tree = sorted((order[parents[label]], order[label]) for label in used)
            for tail, head in tree:
                carried[tail, head] += 1
            trees.append(tree)
        paid = bill(job, carried)
        metrics = {
            "egress": paid.egress,
            "machines": paid.machines,
            "delay": paid.delay,
            "seconds": paid.seconds,
            "regions": float(_touched(carried).sum()),
        }
        cost = paid.egress + paid.machines + paid.delay
        return Outcome(cost, metrics, decisions=trees, trace=partial(_edges, job, carried))

    def draw(self, instance: Instance, outcome: Outcome) -> Drawing:
        """A map of the regions, and what runs over which link."""
        job: Job = instance.data
        cloud = job.cloud
        index = {name: i for i, name in enumerate(cloud.names)}
        edges: list[Edge] = sorted(outcome.trace(), key=lambda edge: edge.partitions, reverse=True)
        used = {name for edge in edges for name in (edge.tail, edge.head)}
        kinds = dict.fromkeys(cloud.names, "not used") | dict.fromkeys(used, "relay")
        kinds |= {cloud.names[place]: "destination" for place in job.destinations}
        kinds[cloud.names[job.source]] = "source"
        nodes = [
            Node(site.name, site.longitude + ASIDE[site.provider], site.latitude, kinds[site.name])
            for site in regions()
            if site.name in index
        ]
        shown = min(len(edges), MARKS - len(nodes))
        slowest = max(edge.seconds for edge in edges)
        links = []
        for edge in edges[:shown]:
            price = cloud.price[index[edge.tail], index[edge.head]]
            label = f"{edge.gbps:.3g} Gbps, {edge.seconds:.4g} s, {price:.4g} $/GB"
            kind = "slowest link" if edge.seconds == slowest else ""
            links.append(Link(edge.tail, edge.head, edge.partitions * job.partition_gb, label, kind))
        x, y = "longitude, degrees east", "latitude, degrees north"
        return Drawing(x, y, nodes=nodes, links=links, weight=titled("data, GB", shown, len(edges)))

    def figures(self, instance: Instance, outcome: Outcome, reference: Reference) -> Mapping[str, float]:
        """published_cost: egress and machines alone, which is what the benchmark adds up."""
        return {"published_cost": outcome.metrics["egress"] + outcome.metrics["machines"]}


def flows(cloud: Cloud, carried: Integers) -> Floats:
    """Gbps that each used edge gets, 0 for the others. carried: partitions by edge, (n, n).

    An edge gets its throughput. Where all edges into a region together exceed what it can receive, none gets more than
    an equal share of that; likewise what leaves a region. (The public benchmark does this region by region, in the
    order in which a program happened to name them, so that order matters; here all regions do so at once.)
    """
    used = carried > 0
    wanted = np.where(used, cloud.throughput, 0.0)
    share_in = np.where(wanted.sum(axis=0) > cloud.ingress, cloud.ingress / np.maximum(used.sum(axis=0), 1), np.inf)
    share_out = np.where(wanted.sum(axis=1) > cloud.egress, cloud.egress / np.maximum(used.sum(axis=1), 1), np.inf)
    return np.minimum(np.minimum(wanted, share_in[None, :]), share_out[:, None])


def bill(job: Job, carried: Integers) -> Price:
    """What a broadcast costs that sends `carried` partitions over each edge.

    It takes as long as its slowest edge: partitions are relayed while they arrive. Machines run in every region that
    takes part, for all that time.
    """
    used = carried > 0
    gigabytes = carried * job.partition_gb
    seconds = float((8 * gigabytes[used] / flows(job.cloud, carried)[used]).max())
    egress = float((gigabytes * job.cloud.price)[used].sum())
    machines = float(_touched(carried).sum()) * VMS * VM_PRICE * seconds
    return Price(egress, machines, job.delay_price * seconds, seconds)


def least_seconds(job: Job) -> float:
    """No broadcast is faster: the source must send everything once, and each destination must receive it."""
    rate = min(job.cloud.egress[job.source], *(job.cloud.ingress[place] for place in job.destinations))
    return float(8 * job.partitions * job.partition_gb / rate)


def _touched(carried: Integers) -> NDArray[np.bool_]:
    return np.asarray(carried.any(axis=0) | carried.any(axis=1))


def _kind(value: Any) -> str:
    return type(value).__name__


def _parents(row: Any, k: int, n: int) -> list[int]:
    """The n parents of partition k, as integers from -1 to n - 1. Raises Illegal."""
    row = plain(row, "iu", f"{n} integers", f"partition {k}: ")
    if type(row) not in (list, tuple):
        raise Illegal(f"partition {k}: its parents are a {_kind(row)}; expected a list of {n} integers")
    if len(row) != n:
        raise Illegal(f"partition {k}: {len(row)} parents; expected one for each of the {n} regions")
    for region, parent in enumerate(row):
        if type(parent) is not int:
            raise Illegal(f"partition {k}: the parent of region {region} is a {_kind(parent)}; expected an integer")
        if not -1 <= parent < n:
            raise Illegal(f"partition {k}: the parent of region {region} is {parent}; expected -1 to {n - 1}")
    return list(row)


def _climb(parents: list[int], k: int, source: int, destinations: list[int]) -> list[int]:
    """Regions other than the source on the ways from the destinations up to it. Raises Illegal where a way fails."""
    reached = {source}
    for destination in destinations:
        way: list[int] = []
        region = destination
        while region not in reached:
            if region in way:
                raise Illegal(f"partition {k}: the way up from destination {destination} runs in a circle at {region}")
            way.append(region)
            region = parents[region]
            if region < 0:
                raise Illegal(
                    f"partition {k}: the way up from destination {destination} ends at region {way[-1]}, which has no "
                    f"parent; it must lead to the source, {source}"
                )
        reached.update(way)
    return sorted(reached - {source})


def _edges(job: Job, carried: Integers) -> list[Edge]:
    gbps = flows(job.cloud, carried)
    made = []
    for tail, head in np.argwhere(carried > 0).tolist():
        count, rate = int(carried[tail, head]), float(gbps[tail, head])
        seconds = 8 * count * job.partition_gb / rate
        made.append(Edge(job.cloud.names[tail], job.cloud.names[head], count, rate, seconds))
    return made
