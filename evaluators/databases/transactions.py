"""Makespan of a batch of transactions by ordering them: the simulator and the verifier.

What an order means is in `makespan.py`; the batches are in `workloads.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from functools import partial
from heapq import heappop, heappush
from typing import Any, NamedTuple

import numpy as np

from evaluators.answers import listed, numbered
from evaluators.databases.annealing import anneal
from evaluators.databases.makespan import NONE, Matrix, makespan_bound, separations, starts
from evaluators.databases.workloads import Transaction, Workload, crossing, orders_and_payments, skewed
from evaluators.drawing import Box, Drawing, first, titled
from evaluators.protocol import Evaluator, Feature, Illegal, Instance, Labels, Outcome, Reference, Table
from evaluators.ties import smallest

GENERATORS = {"skewed": skewed, "orders and payments": orders_and_payments, "crossing": crossing}


class Batch(NamedTuple):
    """A workload, with what does not depend on the order: lengths in slots, and separations (see `makespan.py`)."""

    workload: Workload
    lengths: Matrix
    separation: Matrix


class Executed(NamedTuple):
    """A bar of the trace: slots `start` to `end`, both included, of the transaction `label`."""

    lane: int
    start: int
    end: int
    label: int


class TransactionOrder(Evaluator):
    """Transactions are appended one by one; each runs as early as those before it allow."""

    headline = ("bound_gap",)
    measure = "makespan, units of time"
    scale = "(makespan - best known) / best known, %"
    slow_reference = True
    features = (
        Feature("increase", "slots by which the makespan grows if the transaction is appended now"),
        Feature("start", "first slot of the transaction if it is appended now, at least 1"),
        Feature("end", "its last slot then: start + length - 1"),
        Feature("length", "slots that it takes, one an operation"),
        Feature("reads", "number of its operations that read a key"),
        Feature("writes", "number of its operations that write a key"),
        Feature("conflicts", "number of other remaining transactions that conflict with it"),
        Feature("heat", "over its keys, the sum of the other remaining transactions that write that key"),
        Feature("hottest", "the same for that one of its keys where it is largest"),
        Feature("delayed", "number of other remaining transactions whose start moves later if it is appended now"),
        Feature("delay", "by how many slots their starts move, in all"),
        Feature("delay_max", "the largest of these moves"),
        Feature("exposure", "by how many slots its own start moves if another one is appended first, on average",
                integer=False),
        Feature("reach", "latest end over all remaining transactions, each appended directly after it"),
        Feature("makespan", "last slot taken so far, 0 at first", scalar=True),
        Feature("n_rem", "number of remaining transactions", scalar=True),
        Feature("n", "number of transactions of the batch", scalar=True),
    )  # fmt: skip

    def instances(self, split: str, *, batches: Sequence[Mapping[str, Any]]) -> list[Instance]:
        """batches: tables of `generator` (a key of GENERATORS), `n`, `count` and the generator's own parameters."""
        made = []
        for batch in batches:
            options = dict(batch)
            name, n, count = options.pop("generator"), options.pop("n"), options.pop("count")
            if name not in GENERATORS:
                raise ValueError(f"generators are {', '.join(GENERATORS)}, not {name!r}")
            group = " ".join([name, f"n={n}", *(f"{key}={_short(value)}" for key, value in options.items())])
            for k in range(count):
                key = f"txn|{split}|{group}|{k}"
                make: Any = GENERATORS[name]
                made.append(Instance(key, group, prepare(make(key, n, **options))))
        return made

    def reference(self, instance: Instance) -> Reference:
        """The best order that simulated annealing finds, with a proven bound; optimal where they meet."""
        batch: Batch = instance.data
        found, _ = anneal(instance.key, batch.lengths, batch.separation)
        bound = makespan_bound(batch.workload)
        return Reference(found, "optimal") if found == bound else Reference(found, "best known", bound)

    def figures(self, instance: Instance, outcome: Outcome, reference: Reference) -> Mapping[str, float]:
        """bound_gap: how far the makespan lies above the proven lower bound, in per cent."""
        bound = reference.floor
        return {} if bound is None else {"bound_gap": 100.0 * (outcome.cost - bound) / bound}

    def episode(self, instance: Instance, labels: Labels) -> Generator[Table, list[float], Outcome]:
        """Ask which of the remaining transactions to append, while there are at least two."""
        batch: Batch = instance.data
        remaining = _Remaining(batch, labels.permutation("transaction", len(batch.lengths)))
        order: list[int] = []
        while (count := len(remaining.ids)) > 1:
            scalars = {"makespan": remaining.makespan, "n_rem": count, "n": len(batch.lengths)}
            priorities = yield Table(remaining.columns, scalars, count)
            order.append(remaining.append(smallest(priorities, remaining.ids)))
        return _outcome(batch, order + remaining.ids)

    def question(self, instance: Instance, labels: Labels) -> dict[str, Any]:
        """The transactions, as in `workloads.py`, in a random order and with random names of keys."""
        workload: Workload = instance.data.workload
        names = [0, *(label + 1 for label in labels.permutation("key", workload.keys))]
        order = labels.permutation("transaction", len(workload.transactions))
        return {"transactions": [[names[k] if k >= 0 else -names[-k] for k in workload.transactions[i]] for i in order]}

    def verify(self, instance: Instance, answer: Any, labels: Labels) -> Outcome:
        """The answer must be a list that holds each of the integers 0 to n - 1 once: the order of the transactions."""
        n = len(instance.data.lengths)
        order = listed(answer, f"a list of the {n} transaction indices")
        if len(order) != n:
            raise Illegal(f"solve returned {len(order)} transactions; the batch has {n}")
        true = labels.permutation("transaction", n)
        return _outcome(instance.data, [true[index] for index in numbered(order, n, "transaction", "comes twice")])

    def draw(self, instance: Instance, outcome: Outcome) -> Drawing:
        """What runs at the same time: slot k lies between k - 1 and k."""
        n = len(instance.data.lengths)
        shown = first([1] * n)
        bars: list[Executed] = outcome.trace()
        boxes = [
            Box(bar.start - 1, bar.end, f"lane {bar.lane}", label=f"transaction {bar.label}")
            for bar in bars
            if bar.label < shown
        ]
        lanes = [f"lane {lane}" for lane in range(1 + max(bar.lane for bar in bars))]
        return Drawing("time, slots", titled("concurrent transactions", shown, n), boxes, lanes)


class _Remaining:
    """The transactions not yet appended, in label order, and what a rule may know of them."""

    def __init__(self, batch: Batch, ids: list[int]) -> None:
        self.ids = ids
        self.makespan = 0
        transactions = [batch.workload.transactions[i] for i in ids]
        self._length = batch.lengths[ids]
        self._reads = np.array([sum(operation > 0 for operation in one) for one in transactions])
        self._writes = np.array([sum(operation < 0 for operation in one) for one in transactions])
        self._separation = batch.separation[np.ix_(ids, ids)]
        self._touches, self._alters = _incidence(transactions)
        self._start = np.ones(len(ids), dtype=np.int64)
        self._moves: Matrix | None = None
        self.columns: dict[str, Callable[[], Sequence[float]]] = {
            "increase": lambda: np.maximum(self._end - self.makespan, 0).tolist(),
            "start": lambda: self._start.tolist(),
            "end": lambda: self._end.tolist(),
            "length": lambda: self._length.tolist(),
            "reads": lambda: self._reads.tolist(),
            "writes": lambda: self._writes.tolist(),
            "conflicts": lambda: (self._separation > NONE).sum(axis=1).tolist(),
            "heat": lambda: self._rivals.sum(axis=1).tolist(),
            "hottest": lambda: self._rivals.max(axis=1, initial=0).tolist(),
            "delayed": lambda: (self.moves > 0).sum(axis=1).tolist(),
            "delay": lambda: self.moves.sum(axis=1).tolist(),
            "delay_max": lambda: self.moves.max(axis=1).tolist(),
            "exposure": lambda: (self.moves.sum(axis=0) / (len(self.ids) - 1)).tolist(),
            "reach": lambda: (self._end + self.moves).max(axis=1).tolist(),
        }

    @property
    def _end(self) -> Matrix:
        """Last slot of each, if it is appended now."""
        end: Matrix = self._start + self._length - 1
        return end

    @property
    def moves(self) -> Matrix:
        """`result[i, j]`: by how many slots the start of j moves if i is appended now. It is 0 for i itself."""
        if self._moves is None:
            self._moves = np.maximum(self._start[:, None] + self._separation - self._start, 0)
        return self._moves

    @property
    def _rivals(self) -> Matrix:
        """`result[i, k]`: how many others write key k, where i uses it; 0 where it does not."""
        rivals: Matrix = self._touches * (self._alters.sum(axis=0) - self._alters)
        return rivals

    def append(self, row: int) -> int:
        """Append the transaction of a row; returns its true index."""
        start = int(self._start[row])
        self.makespan = max(self.makespan, start + int(self._length[row]) - 1)
        self._start = np.delete(np.maximum(self._start, start + self._separation[row]), row)
        self._separation = np.delete(np.delete(self._separation, row, axis=0), row, axis=1)
        for name in ("_length", "_reads", "_writes", "_touches", "_alters"):
            setattr(self, name, np.delete(getattr(self, name), row, axis=0))
        self._moves = None
        return self.ids.pop(row)


def _incidence(transactions: Sequence[Transaction]) -> tuple[Matrix, Matrix]:
    """Which transaction (row) uses, and which one writes, which of the keys (columns) that at least two use: 0 or 1."""
    users = Counter(key for one in transactions for key in {abs(operation) for operation in one} - {0})
    column = {key: i for i, key in enumerate(sorted(key for key, count in users.items() if count > 1))}
    touches = np.zeros((len(transactions), len(column)), dtype=np.int64)
    alters = np.zeros_like(touches)
    for row, one in enumerate(transactions):
        for operation in one:
            if abs(operation) in column:
                touches[row, column[abs(operation)]] = 1
                alters[row, column[abs(operation)]] |= operation < 0
    return touches, alters


def prepare(workload: Workload) -> Batch:
    """A workload with its lengths and separations."""
    lengths = np.array([len(transaction) for transaction in workload.transactions])
    return Batch(workload, lengths, separations(workload.transactions))


def _outcome(batch: Batch, order: list[int]) -> Outcome:
    """Cost an order of true indices: its makespan; also how many transactions run at a time, on average."""
    first = list(starts(batch.separation, order))
    ends = [start + int(batch.lengths[i]) - 1 for i, start in zip(order, first, strict=True)]
    makespan = max(ends)
    metrics = {"concurrency": float(batch.lengths.sum()) / makespan}
    return Outcome(float(makespan), metrics, decisions=order, trace=partial(_lanes, order, first, ends))


def _lanes(order: list[int], first: list[int], ends: list[int]) -> list[Executed]:
    """The transactions by start, each in the lowest lane that is free."""
    bars = []
    busy: list[tuple[int, int]] = []  # (end, lane)
    free: list[int] = []
    for start, end, label in sorted(zip(first, ends, order, strict=True)):
        while busy and busy[0][0] < start:
            heappush(free, heappop(busy)[1])
        lane = heappop(free) if free else len(busy)
        heappush(busy, (end, lane))
        bars.append(Executed(lane, start, end, label))
    return bars


def _short(value: object) -> str:
    """A parameter for the name of a class: 16 for [16, 16], 4-28 for [4, 28]."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "-".join(map(str, dict.fromkeys(value)))
    return str(value)
