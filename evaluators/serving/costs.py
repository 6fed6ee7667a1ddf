"""What an iteration of a serving engine takes, ms: a roofline whose constants are fitted to public profiles.

An iteration computes n tokens, one for each decoding sequence and those of the prefill chunks:

    t0 + max(w, l0 + l1 n) + attention sum c (d + c / 2) + kv (sum of contexts + sum d) + sequence (number of sequences)

where a chunk has c tokens and d come before it. `w` (all weights are read once) and the line `l0 + l1 n` (matrix
products) are least-squares fits to the profiles of microsoft/vidur, data/profiling/compute/*/mlp.csv (MIT), n <= 4096:
all operations but attention, times the layers; mean error 3 to 5.5 %. Attention follows from first principles: 4 x
layers x hidden operations for each pair of query and key at about 48 % of the peak (150 TFLOPS of an A100), and the
bytes of keys and values at 70 % of the memory's bandwidth. `t0` is what the host needs for an iteration, 2 ms
(assumed). All-reduce between GPUs is left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

HOST_MS, SEQUENCE_MS = 2.0, 0.02


@dataclass(frozen=True)
class Costs:
    """Constants of the model above, ms; `kv_bytes` of keys and values a token, `capacity` of the KV cache in tokens."""

    t0: float
    w: float
    l0: float
    l1: float
    attention: float
    kv: float
    sequence: float
    kv_bytes: int
    capacity: int

    def iteration(self, decodes: int, context: int, chunks: Iterable[tuple[int, int]] = ()) -> float:
        """Length of an iteration, ms: `decodes` sequences whose contexts add up to `context` tokens get a token each,
        and for each chunk (c, d) c tokens are prefilled after d that are there already."""
        tokens, sequences, pairs, read = decodes, decodes, 0.0, context
        for c, d in chunks:
            tokens += c
            sequences += 1
            pairs += c * (d + c / 2)
            read += d
        rest = self.attention * pairs + self.kv * read + self.sequence * sequences
        return self.t0 + self.products(tokens) + rest

    def products(self, tokens: int) -> float:
        """Matrix products for so many tokens, all weights read once, ms."""
        return max(self.w, self.l0 + self.l1 * tokens)

    def constants(self) -> dict[str, float]:
        """Those of the time of an iteration, by name, as candidates see them."""
        return {name: getattr(self, name) for name in ("t0", "w", "l0", "l1", "attention", "kv", "sequence")}


class _Model(NamedTuple):
    layers: int
    hidden: int
    kv_heads: int  # of 128 elements of 2 bytes each
    weights_gb: float


class _Gpu(NamedTuple):
    tflops: float  # 48 % of the dense BF16 peak
    gb_per_s: float
    memory_gb: float


MODELS = {
    "llama-3-8b": _Model(32, 4096, 8, 16.1),  # also Mistral-7B: the same layers, but for the vocabulary
    "llama-2-7b": _Model(32, 4096, 32, 13.5),
    "llama-2-70b": _Model(80, 8192, 8, 138.0),
}
GPUS = {
    "a100": _Gpu(150, 2039, 80),
    "h100": _Gpu(475, 3350, 80),
    "a40": _Gpu(72, 696, 48),
    "a10": _Gpu(60, 600, 24),
}
# (model, GPU, GPUs in tensor parallel): w, l0, l1 in ms
FITTED = {
    ("llama-3-8b", "a100", 1): (10.5, 5.3, 0.0674),
    ("llama-3-8b", "a100", 2): (5.8, 3.6, 0.0336),
    ("llama-2-7b", "a100", 1): (9.5, 4.2, 0.0630),
    ("llama-2-70b", "a100", 4): (26.1, 15.2, 0.158),
    ("llama-2-70b", "a100", 8): (14.6, 9.4, 0.0830),
    ("llama-2-7b", "h100", 1): (5.8, 4.2, 0.0195),
    ("llama-2-70b", "h100", 4): (15.2, 9.5, 0.0523),
    ("llama-2-70b", "h100", 8): (8.4, 7.8, 0.0279),
    ("llama-2-7b", "a40", 1): (29.3, 14.8, 0.120),
    # Not profiled: scaled from the A40 by bandwidth.
    ("llama-2-7b", "a10", 1): (27.0, 14.0, 0.20),
    ("llama-3-8b", "a10", 1): (30.0, 15.0, 0.21),
}
# Where 90 % of the memory less weights and 3 GB for activations is not what is used in practice.
CAPACITY = {("llama-2-7b", "a10", 1): 13_616, ("llama-3-8b", "a10", 1): 34_000}


def costs(model: str, gpu: str, parallel: int = 1) -> Costs:
    """The costs of a model on `parallel` GPUs of a kind. Raises ValueError where there is no profile."""
    name = (model, gpu, parallel)
    if name not in FITTED:
        raise ValueError(f"no profile of {model} on {parallel} {gpu}; there are: {', '.join(map(str, FITTED))}")
    shape, device = MODELS[model], GPUS[gpu]
    kv_bytes = shape.layers * shape.kv_heads * 128 * 2 * 2
    w, l0, l1 = FITTED[name]
    room = (0.9 * device.memory_gb - 3) * parallel - shape.weights_gb
    return Costs(
        t0=HOST_MS,
        w=w,
        l0=l0,
        l1=l1,
        attention=4 * shape.layers * shape.hidden / (device.tflops * 1e9) / parallel,
        kv=kv_bytes / (0.7 * device.gb_per_s * 1e6) / parallel,
        sequence=SEQUENCE_MS,
        kv_bytes=kv_bytes,
        capacity=CAPACITY.get(name, int(room * 1e9 / kv_bytes)),
    )
