"""A synthetic market of three clouds: 71 regions with prices per GB, throughputs and virtual machines' limits.

The regions and their places are real. The prices follow the public price sheets of 2022 in structure: what a provider
charges depends on where data leaves and on whether it stays within the continent, within the provider, or goes through
the internet. Throughputs are modelled: they fall with distance, providers cap them, and each link has a factor of its
own. The measured grids of Cloudcast (Wooders et al., NSDI 2024) are not used.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

VMS = 2  # virtual machines a region
VM_PRICE = 0.54 / 3600  # $ a virtual machine and second
INGRESS = {"aws": 10.0, "gcp": 16.0, "azure": 16.0}  # Gbps a virtual machine
EGRESS = {"aws": 5.0, "gcp": 7.0, "azure": 16.0}

# Name, continent (NA, EU, AS, OC, SA, ME, AF), latitude, longitude.
REGIONS = """
aws:us-east-1 NA 38.9 -77.4
aws:us-east-2 NA 40.0 -83.0
aws:us-west-1 NA 37.4 -122.0
aws:us-west-2 NA 45.8 -119.7
aws:ca-central-1 NA 45.5 -73.6
aws:eu-west-1 EU 53.3 -6.3
aws:eu-west-2 EU 51.5 -0.1
aws:eu-west-3 EU 48.9 2.4
aws:eu-central-1 EU 50.1 8.7
aws:eu-central-2 EU 47.4 8.5
aws:eu-north-1 EU 59.3 18.1
aws:eu-south-1 EU 45.5 9.2
aws:eu-south-2 EU 41.6 -0.9
aws:ap-south-1 AS 19.1 72.9
aws:ap-southeast-1 AS 1.3 103.8
aws:ap-southeast-2 OC -33.9 151.2
aws:ap-southeast-3 AS -6.2 106.8
aws:ap-northeast-1 AS 35.7 139.7
aws:ap-northeast-2 AS 37.6 127.0
aws:ap-northeast-3 AS 34.7 135.5
aws:ap-east-1 AS 22.3 114.2
aws:sa-east-1 SA -23.5 -46.6
aws:me-south-1 ME 26.1 50.6
aws:me-central-1 ME 24.5 54.4
aws:af-south-1 AF -33.9 18.4
gcp:us-east1 NA 33.2 -80.0
gcp:us-east4 NA 39.0 -77.5
gcp:us-central1 NA 41.3 -95.9
gcp:us-west1 NA 45.6 -121.2
gcp:us-west2 NA 34.0 -118.2
gcp:us-west3 NA 40.8 -111.9
gcp:us-west4 NA 36.2 -115.1
gcp:northamerica-northeast1 NA 45.5 -73.6
gcp:northamerica-northeast2 NA 43.7 -79.4
gcp:southamerica-east1 SA -23.5 -46.6
gcp:southamerica-west1 SA -33.4 -70.7
gcp:europe-west1 EU 50.4 3.8
gcp:europe-west2 EU 51.5 -0.1
gcp:europe-west3 EU 50.1 8.7
gcp:europe-west4 EU 53.4 6.8
gcp:europe-west6 EU 47.4 8.5
gcp:europe-north1 EU 60.6 27.2
gcp:europe-central2 EU 52.2 21.0
gcp:asia-east1 AS 24.1 120.5
gcp:asia-northeast1 AS 35.7 139.7
gcp:asia-south1 AS 19.1 72.9
gcp:asia-southeast1 AS 1.3 103.8
gcp:asia-southeast2 AS -6.2 106.8
gcp:australia-southeast1 OC -33.9 151.2
azure:eastus NA 37.4 -79.4
azure:eastus2 NA 36.7 -78.4
azure:centralus NA 41.6 -93.6
azure:southcentralus NA 29.4 -98.5
azure:westus NA 37.8 -122.4
azure:westus2 NA 47.2 -119.9
azure:canadacentral NA 43.7 -79.4
azure:brazilsouth SA -23.5 -46.6
azure:northeurope EU 53.3 -6.3
azure:westeurope EU 52.4 4.9
azure:uksouth EU 50.9 -0.8
azure:francecentral EU 46.4 2.4
azure:germanywestcentral EU 50.1 8.7
azure:norwayeast EU 59.9 10.8
azure:switzerlandnorth EU 47.5 8.6
azure:eastasia AS 22.3 114.2
azure:japaneast AS 35.7 139.8
azure:koreacentral AS 37.6 127.0
azure:centralindia AS 18.6 73.9
azure:australiaeast OC -33.9 151.2
azure:uaenorth ME 25.3 55.3
azure:southafricanorth AF -25.7 28.2
"""

# $ per GB by the continent that data leaves: to another region of the provider, and to anywhere else (the internet).
AWS_REGIONS = {"NA": 0.02, "EU": 0.02, "AS": 0.09, "OC": 0.098, "SA": 0.138, "ME": 0.11, "AF": 0.147}
AWS_INTERNET = {"NA": 0.09, "EU": 0.09, "AS": 0.12, "OC": 0.114, "SA": 0.15, "ME": 0.117, "AF": 0.154}
AZURE_WITHIN = {"NA": 0.02, "EU": 0.02, "AS": 0.08, "OC": 0.08, "SA": 0.16, "ME": 0.08, "AF": 0.08}
AZURE_BETWEEN = {"NA": 0.05, "EU": 0.05, "AS": 0.08, "OC": 0.08, "SA": 0.16, "ME": 0.08, "AF": 0.08}
AZURE_INTERNET = {"NA": 0.087, "EU": 0.087, "AS": 0.12, "OC": 0.12, "SA": 0.181, "ME": 0.12, "AF": 0.12}
GCP_WITHIN = {"NA": 0.01, "EU": 0.02, "AS": 0.05, "SA": 0.08}
GCP_BETWEEN, GCP_OCEANIA, GCP_INDONESIA = 0.08, 0.15, 0.10  # the dearer of the two ends counts
GCP_INTERNET, GCP_INTERNET_TO_OCEANIA = 0.12, 0.19


class Region(NamedTuple):
    """A provider's site; latitude and longitude in degrees."""

    name: str
    provider: str
    continent: str
    latitude: float
    longitude: float


@dataclass(frozen=True)
class Cloud:
    """A complete digraph of n regions, as (n, n) and (n,) arrays; the diagonals are 0 and never used.

    price: $ per GB from row to column. throughput: Gbps of a transfer that has both ends for itself, all virtual
    machines together. ingress, egress: Gbps that a region can receive and send in all.
    """

    names: tuple[str, ...]
    price: Floats
    throughput: Floats
    ingress: Floats
    egress: Floats


def regions() -> list[Region]:
    """The 71 regions: 25 of aws, 24 of gcp, 22 of azure."""
    rows = [line.split() for line in REGIONS.strip().splitlines()]
    return [Region(name, name.split(":")[0], where, float(lat), float(lon)) for name, where, lat, lon in rows]


def price(a: Region, b: Region) -> float:
    """$ per GB from region a to region b, by the sheets above."""
    within, same = a.continent == b.continent, a.provider == b.provider
    if a.provider == "aws":
        return (AWS_REGIONS if same else AWS_INTERNET)[a.continent]
    if a.provider == "azure":
        return (AZURE_INTERNET if not same else AZURE_WITHIN if within else AZURE_BETWEEN)[a.continent]
    if not same:
        return GCP_INTERNET_TO_OCEANIA if b.continent == "OC" else GCP_INTERNET
    if "OC" in (a.continent, b.continent):
        return GCP_OCEANIA
    if any(region.name.endswith("asia-southeast2") for region in (a, b)):
        return GCP_INDONESIA
    return GCP_WITHIN[a.continent] if within else GCP_BETWEEN


def round_trip(a: Region, b: Region) -> float:
    """Milliseconds: 2, and the great circle and a third of it more, there and back at 200 km/ms."""
    p, q = math.radians(a.latitude), math.radians(b.latitude)
    turn = math.radians(b.longitude - a.longitude)
    chord = math.sin((q - p) / 2) ** 2 + math.cos(p) * math.cos(q) * math.sin(turn / 2) ** 2
    return 2 + 2 * 1.33 * 2 * 6371 * math.asin(min(1.0, math.sqrt(chord))) / 200


@cache
def _sheets() -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Of all regions: prices, round trips, and the number of the contract of each pair (see `generate`)."""
    sites = regions()
    n = len(sites)
    prices, trips, lines = np.zeros((n, n)), np.zeros((n, n)), np.zeros((n, n), dtype=np.int64)
    found: dict[tuple[str, ...], int] = {}
    for i, a in enumerate(sites):
        for j, b in enumerate(sites):
            if i != j:
                line = (a.provider, b.provider, a.continent, b.continent)
                lines[i, j] = found.setdefault(line, len(found))
                prices[i, j], trips[i, j] = price(a, b), round_trip(a, b)
    return prices, trips, lines


def generate(key: str, spread: float, price_spread: float = 0.0, keep: int | None = None) -> Cloud:
    """A cloud as it is on one day; `key` seeds it.

    spread: standard deviation of the logarithm of each link's own factor of throughput. price_spread: the same of a
    factor of prices, one for each two providers and continents: contracts differ. keep: how many regions, drawn at
    random; all by default.
    """
    rng = random.Random(key)
    sites = regions()
    chosen = np.arange(len(sites)) if keep is None else np.array(sorted(rng.sample(range(len(sites)), keep)))
    prices, trips, lines = _sheets()
    if price_spread:
        level = np.array([math.exp(rng.gauss(0, price_spread)) for _ in range(int(lines.max()) + 1)])
        prices = np.round(prices * level[lines], 4)
    n = len(chosen)
    pick = np.ix_(chosen, chosen)
    factor = np.exp([[rng.gauss(0, spread) for _ in range(n)] for _ in range(n)])
    provider = np.array([site.provider for site in sites])[chosen]
    same = provider[:, None] == provider[None, :]
    ingress = np.array([VMS * INGRESS[name] for name in provider])
    egress = np.array([VMS * EGRESS[name] for name in provider])
    reached = VMS * 16 / (1 + trips[pick] / 40) * np.where(same, 1.0, 0.8) * factor
    throughput = np.round(np.minimum(np.minimum(reached, egress[:, None]), ingress[None, :]), 3)
    np.fill_diagonal(throughput, 0.0)
    return Cloud(tuple(sites[i].name for i in chosen), prices[pick], throughput, ingress, egress)
