"""Loads of the experts of a mixture-of-experts model, window by window: a synthetic stand-in for a server's record.

In every layer each token goes to the same number of experts, so all layers have the same total. How the total divides
among the experts of a layer is lognormal, differs from layer to layer, wanders slowly, has bursts, and changes abruptly
when the workload does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

TOKENS = 200_000  # of a window
ACTIVE = 8  # experts that a token goes to in each layer (DeepSeek-V3)
DRIFT = 0.04  # standard deviation of a window's step of the logarithm of an expert's load
NOISE = 0.115  # of the deviation from it that lasts one window
BURSTS = 0.004  # share of experts whose load is multiplied for one window
BURST = (1.5, 3.0)  # by a factor between these
WARM_UP = 0.945  # correlation of the logarithms of loads in the first window, while the server starts, and after it
SETTLED = 0.62  # share of the new workload in the window in which it begins


@dataclass(frozen=True)
class Trace:
    """What a server saw and what it runs on.

    load: tokens routed to each expert, int64 [windows, layers, experts]; every layer of a window has the same total.
    slots: places for experts in each layer, slots / gpus on each GPU; gpus / nodes GPUs in a node; the experts of a
    layer form `groups` groups of neighbours.
    """

    load: Array
    slots: int
    gpus: int
    nodes: int
    groups: int


def generate(key: str, shape: Sequence[int], windows: int, skew: float, shifts: int) -> Trace:
    """shape: layers, experts, slots, gpus, nodes, groups; skew: standard deviation of the logarithm of a layer's loads,
    on average over the layers; shifts: changes of workload, each in a window of its own that `key` draws.
    """
    layers, experts, slots, gpus, nodes, groups = shape
    spread = skew * _generator(key, "skew").uniform(0.6, 1.4, (layers, 1))
    begins = _changes(key, windows, shifts)
    workload = _normal(key, "workload", 0, layers, experts)
    before = workload
    wander = np.zeros((layers, experts))
    load = np.empty((windows, layers, experts), np.int64)
    for window in range(windows):
        random = _generator(key, "window", window)
        wander += DRIFT * random.standard_normal((layers, experts))
        new = 1.0
        if window == 1:
            workload = WARM_UP * workload + np.sqrt(1 - WARM_UP**2) * _normal(key, "workload", 1, layers, experts)
        elif window in begins:
            before, workload = workload, _normal(key, "workload", window, layers, experts)
            new = SETTLED
        share = new * _share(spread * workload) + (1 - new) * _share(spread * before)
        factor = np.where(random.random_sample(share.shape) < BURSTS, random.uniform(*BURST, share.shape), 1.0)
        share = share * factor * np.exp(wander + NOISE * random.standard_normal(share.shape))
        for layer in range(layers):
            load[window, layer] = random.multinomial(TOKENS * ACTIVE, share[layer] / share[layer].sum())
    return Trace(load, slots, gpus, nodes, groups)


def _changes(key: str, windows: int, shifts: int) -> set[int]:
    """Windows in which a new workload begins: not among the first four or the last two, never two in a row."""
    free = list(range(4, windows - 2))
    random = _generator(key, "changes")
    chosen: set[int] = set()
    for _ in range(shifts):
        chosen.add(free[random.randint(len(free))])
        free = [window for window in free if all(abs(window - other) > 2 for other in chosen)]
    return chosen


def _share(logarithm: Array) -> Array:
    weight = np.exp(logarithm)
    share: Array = weight / weight.sum(axis=1, keepdims=True)
    return share


def _normal(key: str, what: str, window: int, layers: int, experts: int) -> Array:
    normal: Array = _generator(key, what, window).standard_normal((layers, experts))
    return normal


def _generator(*key: object) -> np.random.RandomState:
    """numpy's legacy generator: the only one whose numbers are promised never to change between versions."""
    digest = hashlib.blake2b("|".join(map(str, key)).encode(), digest_size=32).digest()
    return np.random.RandomState(np.frombuffer(digest, "<u4"))
