"""Replicating and placing the experts of a mixture-of-experts model on GPUs, window by window: simulator and verifier.

The expert-parallel load balancer (EPLB) of DeepSeek-V3 and vLLM. A placement is computed from the loads that were seen,
and serves the loads of the next window.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Sequence
from typing import Any

import numpy as np

from evaluators.drawing import Box, Drawing, first, titled
from evaluators.gpus.expert_loads import Array, Trace, generate
from evaluators.protocol import Evaluator, Illegal, Instance, Labels, Outcome, Reference


class ExpertReplication(Evaluator):
    """After each window the candidate places the experts of all layers anew; the next window is served by that."""

    measure = "lost balancedness (1 - mean / max load)"
    scale = "balancedness of GPUs that is lost against a proven bound, percentage points"
    headline = ("B_gpu", "B_slot", "moved")

    def instances(
        self,
        split: str,
        *,
        shapes: Sequence[Sequence[int]],
        counts: Sequence[int],
        windows: int = 11,
        skew: float = 1.2,
        shifts: int = 1,
    ) -> list[Instance]:
        """`counts[i]` traces of `shapes[i]` = [layers, experts, slots, gpus, nodes, groups]; see `generate`."""
        made = []
        for shape, count in zip(shapes, counts, strict=True):
            layers, experts, slots, gpus, nodes, groups = shape
            if slots % gpus or gpus % nodes or groups % nodes or experts % groups or slots < experts:
                raise ValueError(f"shape {list(shape)}: slots, GPUs, nodes, groups and experts do not divide")
            group = f"{layers}x{experts} slots={slots} gpus={gpus}"
            for k in range(count):
                key = f"eplb|{split}|{layers}x{experts}|{slots}|{gpus}|{k}"
                made.append(Instance(key, group, generate(key, shape, windows, skew, shifts)))
        return made

    def reference(self, instance: Instance) -> Reference:
        """1 - balancedness that no placement exceeds, even one that knows the next window: a proven bound."""
        trace: Trace = instance.data
        return Reference(1.0 - float(np.mean([most_balanced(load, trace) for load in trace.load[1:]])), "bound")

    def gap(self, instance: Instance, cost: float, reference: Reference) -> float:
        """100 (cost - bound): percentage points of balancedness. The bound's cost may be 0."""
        return 100.0 * (cost - reference.value)

    def episode(self, instance: Instance, labels: Labels) -> Generator[dict[str, Any], Any, Outcome]:
        """Ask for a placement after each window but the last, and serve the next window by it.

        A candidate knows layers, groups and the experts of a group under labels; slots are numbered GPU by GPU.
        """
        trace: Trace = instance.data
        windows, layers, experts = trace.load.shape
        layer_of = np.array(labels.permutation("layer", layers))
        expert_of = _experts(labels, experts, trace.groups)
        seen = trace.load[:, layer_of][:, :, expert_of].astype(float)
        figures, placements = [], []
        before: Array | None = None
        for now in range(windows - 1):
            answer = yield {
                "load": seen[now],
                "history": seen[: now + 1],
                "slots": trace.slots,
                "gpus": trace.gpus,
                "nodes": trace.nodes,
                "groups": trace.groups,
            }
            placement = np.empty((layers, trace.slots), np.int64)
            placement[layer_of] = expert_of[_checked(answer, layers, experts, trace.slots)]
            hosts = _hosts(placement, experts, trace.gpus)
            figures.append(
                (
                    *balancedness(placement, trace.load[now + 1], trace.gpus),
                    balancedness(placement, trace.load[now], trace.gpus)[0],
                    _spread(hosts, trace),
                    0.0 if before is None else float((hosts & ~before).sum() / hosts.sum()),
                )
            )
            before = hosts
            placements.append(placement.tolist())
        gpu, slot, known, spread, moved = np.mean(figures, axis=0).tolist()
        metrics = {"B_gpu": gpu, "B_slot": slot, "B_known": known, "nodes_per_group": spread, "moved": moved}
        return Outcome(1.0 - gpu, metrics, decisions=placements)

    def draw(self, instance: Instance, outcome: Outcome) -> Drawing:
        """The load of each GPU in the last window, of the layer in which one expert has more than in any other."""
        trace: Trace = instance.data
        load = trace.load[-1]
        layer = int(load.max(axis=1).argmax())
        placed: list[int] = outcome.decisions[-1][layer]
        copies = Counter(placed)
        each = trace.slots // trace.gpus
        shown = first([each] * trace.gpus)
        boxes = []
        for gpu in range(shown):
            end = 0.0
            for expert in placed[gpu * each : (gpu + 1) * each]:
                start, end = end, end + float(load[layer, expert]) / copies[expert]
                kind = "one of several replicas" if copies[expert] > 1 else "only replica"
                boxes.append(Box(start, end, f"GPU {gpu}", label=f"expert {expert}", kind=kind))
        return Drawing(
            f"load of layer {layer} in the last window, tokens",
            titled("GPU", shown, trace.gpus),
            boxes,
            [f"GPU {gpu}" for gpu in range(shown)],
            due=float(load[layer].sum()) / trace.gpus,
        )


def balancedness(placement: Array, load: Array, gpus: int) -> tuple[float, float]:
    """Mean over maximum of the loads of GPUs, and of slots; mean and maximum are summed over layers before dividing.

    placement: expert in each slot, [layers, slots]; load: [layers, experts]. An expert's replicas share its load
    equally; slot s is on GPU s // (slots / gpus).
    """
    layers, slots = placement.shape
    rows = np.arange(layers)[:, None]
    of_slot = load[rows, placement] / replicas(placement, load.shape[1])[rows, placement]
    of_gpu = of_slot.reshape(layers, gpus, slots // gpus).sum(axis=2)
    return _balance(of_gpu), _balance(of_slot)


def replicas(placement: Array, experts: int) -> Array:
    """Number of slots that hold each expert, [layers, experts], from a placement [layers, slots]."""
    layers = len(placement)
    flat = (placement + experts * np.arange(layers)[:, None]).ravel()
    counted: Array = np.bincount(flat, minlength=layers * experts).reshape(layers, experts)
    return counted


def most_balanced(load: Array, trace: Trace) -> float:
    """A bound on the balancedness of GPUs under the loads of one window, [layers, experts].

    In each layer the fullest GPU carries at least the mean, and at least the largest replica. The largest replica is
    smallest if the slots beyond one an expert go, one after the other, to the expert with the most load a replica.
    """
    count = np.ones(load.shape)
    rows = np.arange(len(load))
    for _ in range(trace.slots - load.shape[1]):
        count[rows, (load / count).argmax(axis=1)] += 1
    mean = load.sum(axis=1) / trace.gpus
    return float(mean.sum() / np.maximum(mean, (load / count).max(axis=1)).sum())


def _balance(loads: Array) -> float:
    return float(loads.mean(axis=1).sum() / loads.max(axis=1).sum())


def _experts(labels: Labels, experts: int, groups: int) -> Array:
    """The true expert of each label: neighbours stay in the group of neighbours that they form, as the hierarchical
    balancer needs it."""
    size = experts // groups
    order = labels.permutation("group", groups)
    return np.array([g * size + e for g in order for e in labels.permutation(f"expert of group {g}", size)])


def _hosts(placement: Array, experts: int, gpus: int) -> Array:
    """Whether a GPU holds an expert, bool [layers, experts, gpus]."""
    layers, slots = placement.shape
    hosts = np.zeros((layers, experts, gpus), bool)
    hosts[np.arange(layers)[:, None], placement, np.arange(slots) // (slots // gpus)] = True
    return hosts


def _spread(hosts: Array, trace: Trace) -> float:
    """Over how many nodes the replicas of a group's experts are spread, on average."""
    layers, experts, gpus = hosts.shape
    shape = layers, trace.groups, experts // trace.groups, trace.nodes, gpus // trace.nodes
    return float(hosts.reshape(shape).any(axis=(2, 4)).sum(axis=2).mean())


def _checked(answer: Any, layers: int, experts: int, slots: int) -> Array:
    """The placement as an array of labels, [layers, slots]; every expert has a slot in every layer. Raises Illegal."""
    if isinstance(answer, np.ndarray):
        if answer.dtype.kind not in "iu":
            raise Illegal(f"decide returned an array of {answer.dtype}; experts are integers")
        if answer.shape != (layers, slots):
            raise Illegal(f"decide returned an array of shape {answer.shape}; expected {(layers, slots)}")
        placed = answer
    else:
        placed = _from_rows(answer, layers, slots)
    outside = (placed < 0) | (placed >= experts)
    if outside.any():
        layer, slot = np.argwhere(outside)[0].tolist()
        raise Illegal(
            f"layer {layer}, slot {slot}: expert {placed[layer, slot]}; experts are numbered 0 to {experts - 1}"
        )
    placed = placed.astype(np.int64)
    missing = replicas(placed, experts) == 0
    if missing.any():
        layer, expert = np.argwhere(missing)[0].tolist()
        raise Illegal(f"layer {layer}: expert {expert} has no slot; every expert needs at least one")
    return placed


def _from_rows(answer: Any, layers: int, slots: int) -> Array:
    """A list of one list, or one array of integers, per layer."""
    if type(answer) not in (list, tuple):
        raise Illegal(f"decide must return the expert of each slot, {layers} x {slots}, not a {type(answer).__name__}")
    if len(answer) != layers:
        raise Illegal(f"decide returned {len(answer)} layers; expected {layers}")
    placed = np.empty((layers, slots), object)
    for layer, given in enumerate(answer):
        row = given
        if isinstance(row, np.ndarray):
            if row.dtype.kind not in "iu" or row.ndim != 1:
                raise Illegal(
                    f"layer {layer} is an array of {row.dtype} of shape {row.shape}; expected {slots} integers"
                )
            row = row.tolist()
        if type(row) not in (list, tuple):
            raise Illegal(f"layer {layer} is a {type(row).__name__}; expected a list of {slots} experts")
        if len(row) != slots:
            raise Illegal(f"layer {layer} has {len(row)} slots; expected {slots}")
        if set(map(type, row)) != {int}:
            slot = next(slot for slot, expert in enumerate(row) if type(expert) is not int)
            raise Illegal(f"layer {layer}, slot {slot} holds a {type(row[slot]).__name__}; experts are integers")
        placed[layer] = row
    return placed
