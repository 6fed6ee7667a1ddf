"""The synthetic market of clouds: its sheets by hand, its shape, and that it depends on its key alone."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from evaluators.networks.clouds import EGRESS, INGRESS, VMS, generate, price, regions, round_trip

SITES = {site.name: site for site in regions()}


def test_as_many_regions_as_the_measured_grid() -> None:
    assert Counter(site.provider for site in SITES.values()) == {"aws": 25, "gcp": 24, "azure": 22}
    assert len(SITES) == 71


@pytest.mark.parametrize(
    ("a", "b", "dollars"),
    [
        ("aws:us-east-1", "aws:ap-northeast-1", 0.02),
        ("aws:ap-northeast-1", "aws:us-east-1", 0.09),
        ("aws:sa-east-1", "gcp:us-east1", 0.15),
        ("azure:westeurope", "azure:uksouth", 0.02),
        ("azure:westeurope", "azure:japaneast", 0.05),
        ("azure:brazilsouth", "aws:us-east-1", 0.181),
        ("gcp:us-east1", "gcp:us-west4", 0.01),
        ("gcp:us-east1", "gcp:europe-west1", 0.08),
        ("gcp:europe-west1", "gcp:europe-north1", 0.02),
        ("gcp:us-east1", "gcp:australia-southeast1", 0.15),
        ("gcp:us-east1", "gcp:asia-southeast2", 0.10),
        ("gcp:us-east1", "aws:ap-southeast-2", 0.19),
        ("gcp:us-east1", "azure:westeurope", 0.12),
    ],
)
def test_prices_of_the_sheets(a: str, b: str, dollars: float) -> None:
    assert price(SITES[a], SITES[b]) == dollars


def test_round_trips_by_hand() -> None:
    """Tokyo to Sydney is about 7,800 km: 2 x 1.33 x 7800 / 200 = 104 ms, and 2; the same place twice is 2."""
    assert round_trip(SITES["aws:ap-northeast-1"], SITES["aws:ap-southeast-2"]) == pytest.approx(106, abs=2)
    assert round_trip(SITES["aws:ap-northeast-1"], SITES["gcp:asia-northeast1"]) == pytest.approx(2)


def test_no_edge_is_faster_than_its_ends() -> None:
    cloud = generate("clouds", 0.5, 0.3)
    edges = ~np.eye(71, dtype=bool)
    assert (cloud.throughput[edges] > 0).all()
    assert (cloud.price[edges] > 0).all()
    assert not cloud.throughput.diagonal().any()
    assert not cloud.price.diagonal().any()
    for i, name in enumerate(cloud.names):
        provider = name.split(":")[0]
        assert (cloud.egress[i], cloud.ingress[i]) == (VMS * EGRESS[provider], VMS * INGRESS[provider])
        assert cloud.throughput[i].max() <= cloud.egress[i]
        assert cloud.throughput[:, i].max() <= cloud.ingress[i]


def test_throughput_falls_with_distance() -> None:
    cloud = generate("distance", 0.0)
    at = {name: i for i, name in enumerate(cloud.names)}
    tokyo = cloud.throughput[at["azure:japaneast"]]
    assert tokyo[at["azure:koreacentral"]] > tokyo[at["azure:westus"]] > tokyo[at["azure:southafricanorth"]]


def test_factors_of_prices_hold_for_a_pair_of_providers_and_continents() -> None:
    plain, dealt = generate("deal", 0.3), generate("deal", 0.3, 0.5)
    at = {name: i for i, name in enumerate(plain.names)}
    ratio = np.divide(dealt.price, plain.price, where=plain.price > 0, out=np.ones((71, 71)))
    first = ratio[at["azure:eastus"], at["azure:westeurope"]]
    assert ratio[at["azure:westus"], at["azure:uksouth"]] == pytest.approx(first, abs=2e-3)
    assert ratio[at["azure:westeurope"], at["azure:eastus"]] != pytest.approx(first, abs=2e-3)


def test_a_cloud_depends_on_its_key_alone() -> None:
    one, same, other = generate("a", 0.3, 0.2, 45), generate("a", 0.3, 0.2, 45), generate("b", 0.3, 0.2, 45)
    assert one.names == same.names
    assert (one.price == same.price).all()
    assert (one.throughput == same.throughput).all()
    assert len(one.names) == len(set(one.names)) == 45
    assert one.names != other.names
