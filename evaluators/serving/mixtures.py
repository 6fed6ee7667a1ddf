"""What an iteration of a mixture-of-experts model takes, ms, when prompts pass through some of its layers only.

A layer reads the weights that all tokens share (attention, router) and those of every expert that a token is sent to.
With E experts of which a token takes k, chosen evenly, n tokens touch E (1 - (1 - k / E)^n) of them: nearly all for a
chunk of 64 tokens already, so each chunk of a prompt reads the experts anew. Reading and computing overlap within a
layer, not between layers. From first principles, as for attention in `costs.py`: bytes at 75 % of the memory's
bandwidth, operations at 45 % of the dense BF16 peak, both times the number of GPUs; all-reduce is left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from evaluators.serving.costs import HOST_MS, SEQUENCE_MS, Costs


@dataclass(frozen=True)
class MixtureCosts(Costs):
    """`w`: to read the weights that all tokens share; `expert`: to read one expert of every layer; `l1`: to compute a
    token (`l0` is 0). gb_per_ms: what is read in a millisecond."""

    layers: int
    experts: int
    active: int
    expert: float
    gb_per_ms: float

    def touched(self, tokens: int) -> float:
        """Experts of a layer that at least one of so many tokens is sent to, on average."""
        return self.experts * (1 - (1 - self.active / self.experts) ** tokens)

    def reading(self, tokens: int) -> float:
        """To read the weights that so many tokens need, ms; without tokens nothing is read."""
        return self.w + self.expert * self.touched(tokens) if tokens else 0.0

    def products(self, tokens: int) -> float:
        """Whatever takes longer, reading or computing, ms."""
        return max(self.reading(tokens), self.l1 * tokens)

    def grouped(self, decodes: int, context: int, chunks: Iterable[tuple[int, int]], layers: int) -> float:
        """Length of an iteration, ms: decodes pass through all layers, and the chunks (c, d) through `layers` of them.

        With all layers it is `iteration`.
        """
        share = layers / self.layers
        tokens, sequences, pairs, read = 0, 0, 0.0, 0
        for c, d in chunks:
            tokens += c
            sequences += 1
            pairs += c * (d + c / 2)
            read += d
        products = (1 - share) * self.products(decodes) + share * self.products(decodes + tokens)
        attention = self.kv * context + share * (self.attention * pairs + self.kv * read)
        return self.t0 + products + attention + self.sequence * (decodes + sequences)


class _Mixture(NamedTuple):
    layers: int
    heads: int  # of queries
    kv_heads: int
    head: int  # elements of a head
    experts: int
    active: int
    expert_mb: float  # of one layer
    shared_mb: float  # attention and router of one layer
    head_mb: float  # the head that makes tokens, once an iteration
    token_gflop: float  # of one token in all layers, attention to others aside
    weights_gb: float


class _Gpu(NamedTuple):
    tflops: float  # dense BF16 peak
    gb_per_s: float
    memory_gb: float


MODELS = {  # by their configurations
    "qwen3-30b-a3b": _Mixture(48, 32, 4, 128, 128, 8, 9.44, 38.3, 622, 6.6, 61.1),
    "gpt-oss-20b": _Mixture(24, 64, 8, 64, 32, 4, 13.2, 59.0, 1158, 7.2, 13.8),  # experts at 4.25 bits a weight
    "mixtral-8x7b": _Mixture(32, 32, 8, 128, 8, 2, 352.3, 83.9, 262, 25.6, 93.4),
}
GPUS = {"h100": _Gpu(989, 3350, 80), "a100": _Gpu(312, 2039, 80)}


def mixture(model: str, gpu: str, parallel: int = 1) -> MixtureCosts:
    """The costs of a model on `parallel` GPUs of a kind. Raises KeyError for one that is not known."""
    shape, device = MODELS[model], GPUS[gpu]
    gb_per_ms = 0.75 * device.gb_per_s * parallel / 1000
    gflop_per_ms = 0.45 * device.tflops * parallel
    kv_bytes = shape.layers * shape.kv_heads * shape.head * 2 * 2
    room = (0.9 * device.memory_gb - 3) * parallel - shape.weights_gb
    return MixtureCosts(
        t0=HOST_MS,
        w=(shape.layers * shape.shared_mb + shape.head_mb) / 1000 / gb_per_ms,
        l0=0.0,
        l1=shape.token_gflop / gflop_per_ms,
        attention=4 * shape.layers * shape.heads * shape.head / 1e9 / gflop_per_ms,
        kv=kv_bytes / 1e9 / gb_per_ms,
        sequence=SEQUENCE_MS,
        kv_bytes=kv_bytes,
        capacity=int(room * 1e9 / kv_bytes),
        layers=shape.layers,
        experts=shape.experts,
        active=shape.active,
        expert=shape.layers * shape.expert_mb / 1000 / gb_per_ms,
        gb_per_ms=gb_per_ms,
    )
