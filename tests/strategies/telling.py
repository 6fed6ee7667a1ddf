"""A way to run strategies without a sandbox: against results that are given beforehand."""

from __future__ import annotations

import importlib
import random
from collections.abc import Mapping, Sequence

from hypothesis import strategies as st

from evolve.records import Candidate, Proposal, Status
from evolve.strategies.base import Strategy, View

OPERATORS = {"explore": 1, "mutate": 1, "combine": 2, "tune": 1, "simplify": 1}  # what the mutator can do
SHIPPED = OPERATORS | {"explore": 0, "common_idea": 2, "path": 2, "crossover": 2, "elitist": 1}
History = Sequence[tuple[str, float, int]]

histories = st.lists(
    st.tuples(st.sampled_from(["valid", "valid", "invalid", "duplicate", "unparsed", "failed"]),
              st.floats(-50, 500), st.integers(3, 60)),
    max_size=80,
)  # fmt: skip


def make(name: str) -> Strategy:
    made: Strategy = importlib.import_module(f"evolve.strategies.{name}").STRATEGY()
    return made


def candidate(number: int, status: str, gap: float, size: int, proposal: Proposal | None = None) -> Candidate:
    """A candidate whose life is over; one of an operator that reflects has a hint, as a life leaves it."""
    kind: Status = status  # type: ignore[assignment]
    source = f"def priority(p, d):\n    return {'p + ' * (size // 4)}{number} * d\n" if status != "unparsed" else None
    gaps = {"train": gap} if status == "valid" else {}
    made = Candidate(f"c{number}", "run", number, "initial", "mutator", kind, source=source, size=size, gaps=gaps)
    made.decision_seconds = random.Random(number).choice((0.01, 0.02, 0.3, None))
    if proposal:
        made.operator, made.parents, made.note = proposal.operator, proposal.parents, proposal.note
        if proposal.operator in ("crossover", "elitist"):
            made.note = {"hint": f"hint {number}", **made.note}
    return made


def view(
    initial: Candidate,
    number: int,
    total: int,
    operators: Mapping[str, int] | None = None,
    gaps: Mapping[str, Sequence[float]] | None = None,
) -> View:
    """A view; gaps by instance are drawn at random, unless they are given."""
    by_id = gaps.__getitem__ if gaps is not None else _gaps
    models = ("small", "large")
    return View(initial, number / total, OPERATORS if operators is None else operators, models, number, by_id)


def _gaps(identifier: str) -> list[float]:
    rng = random.Random(identifier)
    return [rng.choice((0.0, 1.0, rng.uniform(0, 9))) for _ in range(6)]


def search(
    name: str,
    history: History,
    initial: str = "valid",
    total: int = 80,
    operators: Mapping[str, int] | None = None,
) -> tuple[list[Proposal], list[Candidate]]:
    """Run a strategy against results that are given beforehand."""
    strategy = make(name)
    told = [candidate(0, initial, 100.0, 20)]
    strategy.tell(told[0])
    asked = []
    for number, (status, gap, size) in enumerate(history, 1):
        asked.append(strategy.ask(view(told[0], number - 1, total, operators), random.Random(number)))
        told.append(candidate(number, status, gap, size, asked[-1]))
        strategy.tell(told[-1])
    return asked, told
