"""Training runs under a given learning rate: a noisy quadratic (exact), logistic regression and a small network.

Every run is made at all base rates of a grid at once, since tuning the base rate belongs to the protocol (Dahl et al.,
Benchmarking Neural Network Training Algorithms, 2023). What a run meets by chance depends on its key alone.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


class Task(Protocol):
    """What is trained, for `T` steps."""

    @property
    def T(self) -> int: ...

    def losses(self, rates: Array) -> Array:
        """Losses after the last step, one a column of `rates` (T x number of runs); inf where a run diverged."""

    def gradient_norms(self, rates: Array) -> Array:
        """Norms of the T gradients that a run with these T rates meets, its randomness other than that of `losses`."""

    @property
    def bound(self) -> float | None:
        """What no rates can bring the loss below, where something better than 0 is proven."""


def generator(key: str) -> np.random.Generator:
    """Random numbers that depend on the key alone."""
    return np.random.default_rng(int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big"))


@dataclass(frozen=True)
class Quadratic:
    """The noisy quadratic model (Zhang et al., Which Algorithmic Choices Matter at Which Batch Sizes?, 2019).

    Loss 1/2 sum h_i x_i^2 with h_i = i^-power; gradients h_i x_i + noise of variance h_i; E x_i^2 = 1 at the start. The
    expected loss is exact: v_i = E x_i^2 becomes (1 - eta h_i)^2 v_i + eta^2 h_i.
    """

    T: int
    power: float
    dimensions: int = 200

    @cached_property
    def h(self) -> Array:
        return np.arange(1.0, self.dimensions + 1) ** -self.power

    def losses(self, rates: Array) -> Array:
        h = self.h
        v = np.ones((rates.shape[1], self.dimensions))
        with np.errstate(over="ignore", invalid="ignore"):
            for eta in rates[:, :, None]:
                step = eta * h
                v *= (1.0 - step) ** 2
                v += eta * step
            return _finite(0.5 * v @ h)

    def gradient_norms(self, rates: Array) -> Array:
        """Roots of the expected squared norms: sum h_i^2 v_i + h_i."""
        h = self.h
        v, norms = np.ones(self.dimensions), []
        for eta in rates:
            norms.append(np.sqrt(h @ (h * v + 1.0)))
            v = (1.0 - eta * h) ** 2 * v + eta**2 * h
        return np.array(norms)

    @property
    def bound(self) -> float:
        """As if every direction had rates of its own: v/(1 + h v) is the least that a step can leave of v, so that
        1/v grows by h a step at most."""
        return float(0.5 * np.sum(self.h / (1.0 + self.h * self.T)))


@dataclass(frozen=True)
class Logistic:
    """SGD on logistic regression from 0; the loss is the training loss above the optimum, a mean over 4 data sets.

    1000 examples with 50 features of variances 1/i, labels drawn at w_i ~ N(0, 4), batches of 8 with replacement.
    """

    T: int
    key: str

    replicates, examples, dimensions, batch = 4, 1000, 50, 8
    # BLAS uses one thread for products of this size; more would fight with those of other evaluators
    blocks = 20

    @cached_property
    def signed(self) -> Array:
        """Features times the label, 1 or -1: replicates x examples x dimensions."""
        rng = generator(f"{self.key}|data")
        features = rng.standard_normal((self.replicates, self.examples, self.dimensions))
        features *= np.arange(1.0, self.dimensions + 1) ** -0.5
        w = 2.0 * rng.standard_normal((self.replicates, self.dimensions, 1))
        positive = rng.random((self.replicates, self.examples, 1)) < 1.0 / (1.0 + np.exp(-features @ w))
        return np.where(positive, features, -features)

    @cached_property
    def optimum(self) -> Array:
        """Least training loss of each replicate, by Newton's method (10 steps: the last ones change nothing)."""
        w = np.zeros((self.replicates, self.dimensions, 1))
        for _ in range(10):
            wrong = _sigmoid(-(self._blocks @ w[:, None]))
            hessian = self._blocks.swapaxes(2, 3) @ (self._blocks * (wrong * (1.0 - wrong)))
            w += np.linalg.solve(hessian.sum(axis=1), (self._blocks.swapaxes(2, 3) @ wrong).sum(axis=1))
        return self._loss(w)[:, 0]

    @property
    def _blocks(self) -> Array:
        return self.signed.reshape(self.replicates, self.blocks, -1, self.dimensions)

    def _loss(self, w: Array) -> Array:
        made: Array = np.logaddexp(0.0, -(self._blocks @ w[:, None])).mean(axis=(1, 2))
        return made

    def losses(self, rates: Array) -> Array:
        replicate = np.arange(self.replicates)[:, None]
        drawn = generator(f"{self.key}|batches").integers(0, self.examples, (self.T, self.replicates, self.batch))
        w = np.zeros((self.replicates, self.dimensions, rates.shape[1]))
        for eta, examples in zip(rates / self.batch, drawn, strict=True):
            batch = self.signed[replicate, examples]
            w += eta * (batch.swapaxes(1, 2) @ _sigmoid(-(batch @ w)))
        above: Array = (self._loss(w) - self.optimum[:, None]).mean(axis=0)
        return above

    def gradient_norms(self, rates: Array) -> Array:
        """On the first data set, with other batches."""
        w, norms = np.zeros(self.dimensions), []
        drawn = generator(f"{self.key}|earlier batches").integers(0, self.examples, (self.T, self.batch))
        for eta, examples in zip(rates, drawn, strict=True):
            batch = self.signed[0, examples]
            downhill = _sigmoid(-(batch @ w)) @ batch / self.batch
            norms.append(np.linalg.norm(downhill))
            w = w + eta * downhill
        return np.array(norms)

    bound = None


@dataclass(frozen=True)
class Network:
    """SGD on a network of one hidden layer that learns another one; a mean over 2 data sets.

    Teacher: 20 inputs ~ N(0, 1), 5 hidden units tanh(w x) with w ~ N(0, 1/20), output weights N(0, 1); student: 20
    hidden units, weights N(0, 1/fan-in). 2000 examples with noise of deviation 0.3, batches of 8 with replacement, half
    the mean squared error. The loss is half the mean squared distance to the teacher on 500 fresh inputs.
    """

    T: int
    key: str

    replicates, inputs, taught, hidden, examples, fresh, batch, noise = 2, 20, 5, 20, 2000, 500, 8, 0.3

    @cached_property
    def data(self) -> tuple[Array, Array, Array, Array]:
        """Training inputs and noisy outputs, test inputs and true outputs, of each replicate."""
        rng = generator(f"{self.key}|data")
        first = rng.standard_normal((self.replicates, self.inputs, self.taught)) / self.inputs**0.5
        second = rng.standard_normal((self.replicates, self.taught, 1))
        x = rng.standard_normal((self.replicates, self.examples + self.fresh, self.inputs))
        y = np.tanh(x @ first) @ second
        seen = slice(None), slice(self.examples)
        fresh = slice(None), slice(self.examples, None)
        return x[seen], y[seen] + self.noise * rng.standard_normal(y[seen].shape), x[fresh], y[fresh]

    def _start(self, runs: int) -> tuple[Array, Array]:
        """Weights of both layers: replicates x runs x fan-in x fan-out, the same ones for every run."""
        rng = generator(f"{self.key}|weights")
        first = rng.standard_normal((self.replicates, 1, self.inputs, self.hidden)) / self.inputs**0.5
        second = rng.standard_normal((self.replicates, 1, self.hidden, 1)) / self.hidden**0.5
        return first.repeat(runs, axis=1), second.repeat(runs, axis=1)

    def losses(self, rates: Array) -> Array:
        x, y, fresh, truth = self.data
        first, second = self._start(rates.shape[1])
        replicate = np.arange(self.replicates)[:, None]
        drawn = generator(f"{self.key}|batches").integers(0, self.examples, (self.T, self.replicates, self.batch))
        with np.errstate(over="ignore", invalid="ignore"):
            for eta, examples in zip(rates[:, :, None, None], drawn, strict=True):
                inputs, outputs = x[replicate, examples][:, None], y[replicate, examples][:, None]
                slopes = _slopes(first, second, inputs, outputs)
                first -= eta * slopes[0]
                second -= eta * slopes[1]
            error = np.tanh(fresh[:, None] @ first) @ second - truth[:, None]
            return _finite(0.5 * np.square(error).mean(axis=(0, 2, 3)))

    def gradient_norms(self, rates: Array) -> Array:
        """On the first data set, with other batches."""
        x, y = self.data[0][0], self.data[1][0]
        first, second = (weights[0, 0] for weights in self._start(1))
        norms = []
        drawn = generator(f"{self.key}|earlier batches").integers(0, self.examples, (self.T, self.batch))
        for eta, examples in zip(rates, drawn, strict=True):
            slopes = _slopes(first, second, x[examples], y[examples])
            norms.append(np.sqrt(sum(np.square(slope).sum() for slope in slopes)))
            first, second = first - eta * slopes[0], second - eta * slopes[1]
        return np.array(norms)

    bound = None


def _slopes(first: Array, second: Array, x: Array, y: Array) -> tuple[Array, Array]:
    """Gradients of half the mean squared error with respect to both layers' weights, by hand."""
    active = np.tanh(x @ first)
    error = (active @ second - y) / x.shape[-2]
    back = (error @ second.swapaxes(-1, -2)) * (1.0 - active * active)
    return x.swapaxes(-1, -2) @ back, active.swapaxes(-1, -2) @ error


def _sigmoid(x: Any) -> Array:
    return 0.5 * (1.0 + np.tanh(0.5 * np.asarray(x)))


def _finite(losses: Array) -> Array:
    return np.where(np.isfinite(losses), losses, np.inf)
