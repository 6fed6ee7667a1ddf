"""Instances that two splits share under different keys: what is tuned on the one is then no surprise on the other."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping

import numpy as np

from evaluators.evaluate import Evaluation
from evaluators.problem import Problem
from evaluators.protocol import Instance


def overlaps(problem: Problem, measured: Mapping[str, Evaluation]) -> list[str]:
    """A line for every two splits that share instances: equal data, on which the same program costs the same.

    measured: any program, by split. Data alone may be equal where an instance's key decides what happens.
    """
    first: dict[tuple[bytes, float], tuple[str, str]] = {}
    shared: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for split in problem.splits:
        for instance, result in zip(problem.instances(split), measured[split].results, strict=True):
            found = first.setdefault((_digest(instance), result.cost), (split, instance.key))
            if found[0] != split:
                shared.setdefault((found[0], split), []).append((found[1], instance.key))
    return [
        f"{len(pairs)} of {len(problem.instances(split))} instances of {split} are instances of {other} under another "
        f"key, first {pairs[0][1]}, which is {pairs[0][0]}"
        for (other, split), pairs in shared.items()
    ]


def _digest(instance: Instance) -> bytes:
    with np.printoptions(threshold=sys.maxsize, floatmode="unique"):  # whole, or arrays would look alike
        return hashlib.sha256(repr(instance.data).encode()).digest()
