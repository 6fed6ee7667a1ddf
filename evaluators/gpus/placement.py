"""Placing language models on shared GPUs so that the KV cache suffices: the verifier.

Models on a GPU leave what memory they do not take to the cache that their requests share. The pressure on it is the sum
of rate / slo over that memory; the largest of all GPUs is to be small (Yu et al., Prism: Unleashing GPU Sharing for
Cost-Efficient Multi-LLM Serving, arXiv:2505.04021, 2025, algorithm 1).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import partial
from typing import Any, NamedTuple

from evaluators.answers import listed
from evaluators.drawing import MARKS, Box, Drawing, first, titled
from evaluators.gpus.fleets import Fleet, generate, published
from evaluators.gpus.packing import least_pressure, pressure, pressure_bound, value
from evaluators.protocol import Evaluator, Illegal, Instance, Labels, Outcome, Reference

PUBLISHED = "published"


class Placed(NamedTuple):
    """A bar of the trace: the model `label` takes the GB from `start` to `end` of the GPU `lane`."""

    lane: int
    start: int
    end: int
    label: int


class ModelPlacement(Evaluator):
    """Every model goes on one GPU; sizes on a GPU must sum to less than its memory."""

    headline = ("leaderboard",)
    measure = "largest KV cache pressure, ratio"
    scale = "(K - K*) / K*, %: the largest KV cache pressure above the optimum or a proven bound"

    def instances(self, split: str, *, fleets: Sequence[Mapping[str, Any]]) -> list[Instance]:
        """fleets: tables of `count` and the parameters of `fleets.generate`; {published = true} for the 50 cases."""
        made: list[Instance] = []
        for table in fleets:
            options = dict(table)
            if options.pop(PUBLISHED, False):
                made += [Instance(f"prism|{k}", PUBLISHED, fleet) for k, fleet in enumerate(published())]
                continue
            count = options.pop("count")
            group = " ".join(f"{name}={_short(option)}" for name, option in options.items())
            for k in range(count):
                key = f"placement|{split}|{group}|{k}"
                made.append(Instance(key, group, generate(key, **options)))
        return made

    def reference(self, instance: Instance) -> Reference:
        """The optimum of the published cases; otherwise a proven lower bound."""
        fleet: Fleet = instance.data
        if instance.group != PUBLISHED:
            return Reference(value(pressure_bound(fleet)), "bound")
        best, _ = least_pressure(fleet, round_robin(fleet))
        return Reference(value(best), "optimal")

    def question(self, instance: Instance, labels: Labels) -> dict[str, Any]:
        """The fleet, with the models in a random order."""
        fleet: Fleet = instance.data
        order = labels.permutation("model", len(fleet.size))
        return {
            "gpus": fleet.gpus,
            "memory": fleet.memory,
            "size": [fleet.size[j] for j in order],
            "rate": [fleet.rate[j] for j in order],
            "slo": [fleet.slo[j] for j in order],
        }

    def verify(self, instance: Instance, answer: Any, labels: Labels) -> Outcome:
        """The answer must be a list with the GPU of each model, 0 to gpus - 1; every GPU must keep some memory free."""
        fleet: Fleet = instance.data
        n = len(fleet.size)
        gpus = listed(answer, "a list with the GPU of each model")
        if len(gpus) != n:
            raise Illegal(f"solve returned {len(gpus)} GPUs; there are {n} models")
        for model, gpu in enumerate(gpus):
            if type(gpu) is not int:
                raise Illegal(f"the GPU of model {model} is a {type(gpu).__name__}; it must be an integer")
            if not 0 <= gpu < fleet.gpus:
                raise Illegal(f"model {model} is on GPU {gpu}; GPUs are numbered 0 to {fleet.gpus - 1}")
        placement = [0] * n
        for gpu, j in zip(gpus, labels.permutation("model", n), strict=True):
            placement[j] = gpu
        used = [0] * fleet.gpus
        for gpu, size in zip(placement, fleet.size, strict=True):
            used[gpu] += size
        if (most := max(used)) >= fleet.memory:
            raise Illegal(
                f"the models on GPU {used.index(most)} take {most} GB; they must take less than {fleet.memory} GB, "
                "or nothing is left for the KV cache"
            )
        return _outcome(instance, _renamed(placement))

    def draw(self, instance: Instance, outcome: Outcome) -> Drawing:
        """The memory of each GPU: its models, then what is left to the KV cache, with the pressure on it."""
        fleet: Fleet = instance.data
        everything = len(fleet.size) + fleet.gpus
        # sizes are whole GB, so that no GPU has more models than GB
        shown = fleet.gpus if everything <= MARKS else first([fleet.memory] * fleet.gpus)
        used, load = [0] * fleet.gpus, [0] * fleet.gpus
        boxes = []
        for bar in outcome.trace():
            used[bar.lane] = bar.end
            load[bar.lane] += fleet.load[bar.label]
            if bar.lane < shown:
                boxes.append(Box(bar.start, bar.end, f"GPU {bar.lane}", label=f"model {bar.label}"))
        K = [value(Fraction(amount, fleet.memory - size)) for amount, size in zip(load, used, strict=True)]
        for gpu in range(shown):
            kind = "KV cache, largest pressure" if K[gpu] == max(K) else "KV cache"
            boxes.append(
                Box(used[gpu], fleet.memory, f"GPU {gpu}", label=f"{K[gpu]:.4g} requests/s² per GB", kind=kind)
            )
        lanes = [f"GPU {gpu}" for gpu in range(shown)]
        return Drawing("memory, GB", titled("GPU", shown, fleet.gpus), boxes, lanes, due=fleet.memory)


def round_robin(fleet: Fleet) -> list[int]:
    """Model j on GPU j modulo the number of GPUs, whether it fits or not."""
    return [j % fleet.gpus for j in range(len(fleet.size))]


def leaderboard(fleet: Fleet, K: Fraction) -> float:
    """The leaderboard's score of a published case, of 100: 0 for round robin, 100 for load and memory spread evenly."""
    worst = pressure(fleet, round_robin(fleet))
    even = Fraction(sum(fleet.load), fleet.gpus * fleet.memory - sum(fleet.size))
    share = min(max(float((worst - K) / (worst - even)), 0.0), 1.0)
    return 100.0 * math.sqrt(share)


def _outcome(instance: Instance, placement: list[int]) -> Outcome:
    K = pressure(instance.data, placement)
    metrics = {"leaderboard": leaderboard(instance.data, K)} if instance.group == PUBLISHED else {}
    return Outcome(value(K), metrics, decisions=placement, trace=partial(_bars, instance.data, placement))


def _renamed(placement: list[int]) -> list[int]:
    """GPUs numbered in the order in which the models use them: they are all equal."""
    names: dict[int, int] = {}
    return [names.setdefault(gpu, len(names)) for gpu in placement]


def _bars(fleet: Fleet, placement: list[int]) -> list[Placed]:
    bars = []
    used = [0] * fleet.gpus
    for label, (gpu, size) in enumerate(zip(placement, fleet.size, strict=True)):
        bars.append(Placed(gpu, used[gpu], used[gpu] + size, label))
        used[gpu] += size
    return bars


def _short(option: object) -> str:
    """A parameter for the name of a class: 15-25 for [15, 25]."""
    if isinstance(option, Sequence) and not isinstance(option, str):
        return "-".join(map(str, dict.fromkeys(option)))
    return str(option)
