"""Requests like those of public traces, and the figures of an engine."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from serving_support import PLAIN, prefill_all

from evaluators.serving.engine import Engine
from evaluators.serving.measures import figures
from evaluators.serving.requests import Request
from evaluators.serving.workloads import requests


def test_workloads_follow_from_their_key() -> None:
    one, same = requests("a", "azure-conv", 5.0, 50, 2.0), requests("a", "azure-conv", 5.0, 50, 2.0)
    assert one == same != requests("b", "azure-conv", 5.0, 50, 2.0)
    longer = requests("a", "azure-conv", 5.0, 80, 2.0)
    assert longer[:50] == one
    assert all(a.arrival < b.arrival for a, b in pairwise(one))


@pytest.mark.parametrize(
    ("source", "medians"), [("azure-code", (1469, 13)), ("sharegpt", (1730, 415)), ("arxiv", (7059, 208))]
)
def test_lengths_have_the_medians_of_the_trace(source: str, medians: tuple[int, int]) -> None:
    drawn = requests("fit", source, 1.0, 20_000)
    assert np.median([r.prompt for r in drawn]) == pytest.approx(medians[0], rel=0.03)
    assert np.median([r.output for r in drawn]) == pytest.approx(medians[1], rel=0.04)
    gaps = np.diff([r.arrival for r in drawn])
    assert (gaps.mean(), gaps.std()) == pytest.approx((1000, 1000), rel=0.03)


def test_figures_by_hand() -> None:
    engine = Engine(PLAIN)
    engine.receive(Request(0, 0.0, 15, 4))
    prefill_all(engine)
    made = figures(engine.finished, engine.gaps)
    assert (made["ttft_p99"], made["tbt_p99"], made["e2e_mean"], made["queueing_mean"]) == (16.0, 11.0, 49.0, 0.0)
    assert made["tokens_per_s"] == pytest.approx(4 / 0.049)
