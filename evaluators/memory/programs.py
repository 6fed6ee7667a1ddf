"""Programs of an accelerator as the memory mapping problem sees them: steps, tensors, and which step uses which.

Own seeds; shapes as in common networks. Times are in microseconds, sizes in bytes.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

SLOW = 614_000  # bytes a microsecond: the HBM of a TPU v4i (Jouppi et al., ISCA 2021)
FAST = 10 * SLOW
FLOPS = 138e6  # operations a microsecond: its peak in bfloat16
ELEMENT = 2  # bytes of a bfloat16


@dataclass(frozen=True)
class Program:
    """compute[t] is the time of step t if it never waits for memory; uses[i] are the steps that read or write tensor i,
    ascending; a temporary tensor is written at its first use, and nobody needs it after its last one.

    capacity is the size of the fast memory; slow and fast are bandwidths in bytes a microsecond.
    """

    compute: Sequence[float]
    size: Sequence[int]
    uses: Sequence[Sequence[int]]
    temporary: Sequence[bool]
    capacity: int
    slow: int = SLOW
    fast: int = FAST


class _Builder:
    """Writes a program step by step."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.compute: list[float] = []
        self.size: list[int] = []
        self.uses: list[list[int]] = []
        self.temporary: list[bool] = []

    def tensor(self, *shape: int, kept: bool = False) -> int:
        """A new tensor; `kept`: an input, a weight or a result, which lies in slow memory before or after."""
        elements = 1
        for length in shape:
            elements *= length
        self.size.append(elements * ELEMENT)
        self.uses.append([])
        self.temporary.append(not kept)
        return len(self.size) - 1

    def step(self, flops: float, *tensors: int) -> None:
        """One operation that reads or writes these tensors."""
        efficiency = self.rng.uniform(0.5, 0.9)
        self.compute.append(flops / FLOPS / efficiency)
        for tensor in dict.fromkeys(tensors):
            self.uses[tensor].append(len(self.compute) - 1)

    def matmul(self, a: int, b: int, rows: int, inner: int, columns: int) -> int:
        """The product of two matrices, as a new temporary."""
        out = self.tensor(rows, columns)
        self.step(2.0 * rows * inner * columns, a, b, out)
        return out

    def elementwise(self, *inputs: int) -> int:
        """A new temporary of the size of the first input, from all of them."""
        out = self.tensor(self.size[inputs[0]] // ELEMENT)
        self.step(self.size[inputs[0]] / ELEMENT * 4.0, *inputs, out)
        return out

    def finish(self, share: float) -> Program:
        """The program, with a fast memory of this share of the most that is live at any time, in whole KiB."""
        steps = len(self.compute)
        change = [0] * (steps + 1)
        for size, uses in zip(self.size, self.uses, strict=True):
            change[uses[0]] += size
            change[uses[-1] + 1] -= size
        capacity = max(1024, round(share * max(accumulate(change)) / 1024) * 1024)
        temporary = [temporary and len(uses) > 1 for temporary, uses in zip(self.temporary, self.uses, strict=True)]
        return Program(self.compute, self.size, self.uses, temporary, capacity)


def generate(key: str, kind: str, scale: float, share: Sequence[float]) -> Program:
    """A program of one of `KINDS`, with `scale` times the usual number of layers or steps. Raises ValueError.

    share: the range of the fast memory's size, as a share of the most that is live at once.
    """
    if kind not in KINDS:
        raise ValueError(f"a program is one of {', '.join(KINDS)}, not {kind!r}")
    build = _Builder(random.Random(key))
    KINDS[kind](build, scale)
    low, high = share
    return build.finish(build.rng.uniform(low, high))


def _random(build: _Builder, scale: float) -> None:
    """Unrelated tensors, sizes log-uniform, 200 steps and 120 tensors at scale 1."""
    rng = build.rng
    steps, tensors = round(200 * scale), round(120 * scale)
    used: list[list[int]] = [[] for _ in range(steps)]
    for _ in range(tensors):
        tensor = build.tensor(int(2 ** rng.uniform(17, 23.5)), kept=rng.random() < 0.3)
        length = rng.randint(5, 80)
        start = rng.randrange(steps - 4)
        span = range(start, min(steps, start + length))
        for step in rng.sample(span, min(len(span), rng.randint(2, 8))):
            used[step].append(tensor)
    for together in used:
        build.step(FLOPS * rng.uniform(1, 15), *together)


def _mlp_training(build: _Builder, scale: float) -> None:
    """One step of gradient descent on a multi-layer perceptron: forward, backward, update."""
    rng = build.rng
    batch = rng.choice((128, 256, 512))
    width = [rng.choice((512, 1024, 2048, 4096)) for _ in range(1 + round(rng.randint(10, 16) * scale))]
    x = build.tensor(batch, width[0], kept=True)
    weights, inputs, sums = [], [], []
    for a, b in pairwise(width):
        weights.append(build.tensor(a, b, kept=True))
        inputs.append(x)
        sums.append(build.matmul(x, weights[-1], batch, a, b))
        x = build.elementwise(sums[-1])
    gradient = build.elementwise(x)
    for layer in reversed(range(len(weights))):
        a, b = width[layer], width[layer + 1]
        gradient = build.elementwise(gradient, sums[layer])
        change = build.matmul(inputs[layer], gradient, a, batch, b)
        if layer:
            gradient = build.matmul(gradient, weights[layer], batch, b, a)
        updated = build.tensor(a, b, kept=True)
        build.step(2.0 * a * b, weights[layer], change, updated)


def _residual_network(build: _Builder, scale: float) -> None:
    """Inference of a convolutional network with residual blocks: images shrink as channels grow."""
    rng = build.rng
    batch = rng.choice((4, 8, 16))
    side, channels = 56, rng.choice((64, 128))
    x = build.tensor(batch, side, side, channels, kept=True)
    for stage in range(4):
        for block in range(round(rng.randint(2, 4) * scale)):
            shrink = 2 if stage and not block else 1
            before, side, channels = channels, side // shrink, channels * shrink
            y = _convolution(build, x, batch, side, before, channels // 4, 1)
            y = _convolution(build, y, batch, side, channels // 4, channels // 4, 3)
            y = _convolution(build, y, batch, side, channels // 4, channels, 1)
            skip = _convolution(build, x, batch, side, before, channels, 1) if shrink > 1 else x
            x = build.elementwise(y, skip)


def _convolution(build: _Builder, x: int, batch: int, side: int, before: int, after: int, kernel: int) -> int:
    """A convolution with its activation, fused."""
    weight = build.tensor(kernel, kernel, before, after, kept=True)
    out = build.tensor(batch, side, side, after)
    build.step(2.0 * batch * side * side * kernel * kernel * before * after, x, weight, out)
    return out


def _transformer(build: _Builder, scale: float) -> None:
    """Inference of a transformer's encoder: attention with its scores written out, and a feed-forward part."""
    rng = build.rng
    tokens, width = rng.choice((256, 512, 1024)), rng.choice((512, 768, 1024))
    heads = width // 64
    x = build.tensor(tokens, width, kept=True)
    for _ in range(round(rng.randint(5, 8) * scale)):
        normed = build.elementwise(x)
        q, k, v = (build.matmul(normed, build.tensor(width, width, kept=True), tokens, width, width) for _ in range(3))
        scores = build.tensor(heads, tokens, tokens)
        build.step(2.0 * tokens * tokens * width, q, k, scores)
        weights = build.elementwise(scores)
        context = build.tensor(tokens, width)
        build.step(2.0 * tokens * tokens * width, weights, v, context)
        mixed = build.matmul(context, build.tensor(width, width, kept=True), tokens, width, width)
        x = build.elementwise(x, mixed)
        normed = build.elementwise(x)
        hidden = build.matmul(normed, build.tensor(width, 4 * width, kept=True), tokens, width, 4 * width)
        hidden = build.elementwise(hidden)
        out = build.matmul(hidden, build.tensor(4 * width, width, kept=True), tokens, 4 * width, width)
        x = build.elementwise(x, out)


def _decoder(build: _Builder, scale: float) -> None:
    """Several decoding steps of a small transformer for a batch of sequences: every step reads all weights and caches.

    What a step adds to a cache is small beside what it reads, and is left out.
    """
    rng = build.rng
    batch, width, layers = rng.choice((16, 32, 64)), rng.choice((512, 768, 1024)), rng.randint(4, 7)
    context = rng.choice((256, 512, 1024))
    attention = [build.tensor(width, 4 * width, kept=True) for _ in range(layers)]
    first = [build.tensor(width, 4 * width, kept=True) for _ in range(layers)]
    second = [build.tensor(4 * width, width, kept=True) for _ in range(layers)]
    grouped = rng.choice((1, 4, 8))  # queries that share keys and values
    caches = [build.tensor(batch, context, 2 * width // grouped, kept=True) for _ in range(layers)]
    head = build.tensor(width, 16384, kept=True)
    for _ in range(round(rng.randint(4, 6) * scale)):
        x = build.tensor(batch, width)
        build.step(batch * width, x)
        for layer in range(layers):
            q = build.matmul(x, attention[layer], batch, width, 4 * width)
            mixed = build.tensor(batch, width)
            build.step(4.0 * batch * context * width, q, caches[layer], mixed)
            x = build.elementwise(x, mixed)
            hidden = build.matmul(x, first[layer], batch, width, 4 * width)
            out = build.matmul(hidden, second[layer], batch, 4 * width, width)
            x = build.elementwise(x, out)
        logits = build.matmul(x, head, batch, width, 16384)
        build.elementwise(logits)


def _unet(build: _Builder, scale: float) -> None:
    """Inference of a U-Net: what the way down makes is read again on the way up, last in, first out."""
    rng = build.rng
    batch, side, channels = rng.choice((1, 2, 4)), 128, rng.choice((32, 64))
    x = build.tensor(batch, side, side, channels, kept=True)
    skips = []
    per_level = round(3 * scale)
    for level in range(5):
        for _ in range(per_level):
            x = _convolution(build, x, batch, side, channels, channels, 3)
            skips.append(x)
        if level < 4:
            side //= 2
            x = _convolution(build, x, batch, side, channels, 2 * channels, 3)
            channels *= 2
    for level in range(5):
        for _ in range(per_level):
            joined = build.tensor(batch, side, side, channels)
            build.step(4.0 * batch * side * side * channels, x, skips.pop(), joined)
            x = _convolution(build, joined, batch, side, channels, channels, 3)
        if level < 4:
            side *= 2
            x = _convolution(build, x, batch, side, channels, channels // 2, 3)
            channels //= 2


KINDS: Mapping[str, Callable[[_Builder, float], None]] = {
    "random": _random,
    "mlp training": _mlp_training,
    "residual network": _residual_network,
    "transformer": _transformer,
    "decoder": _decoder,
    "unet": _unet,
}
