"""Play an episode without a driver, and see all that a candidate would be shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from evaluators.protocol import Evaluator, Instance, Labels, Outcome, Table


def play(
    evaluator: Evaluator, instance: Instance, choose: Callable[[Any], Any], labels: int = 0
) -> tuple[Outcome, list[Any]]:
    """`choose` answers each observation; returns the outcome and every observation."""
    episode = evaluator.episode(instance, Labels(labels, instance))
    seen: list[Any] = []
    answer = None
    while True:
        try:
            observation = episode.send(answer)
        except StopIteration as stop:
            outcome: Outcome = stop.value
            return outcome, seen
        seen.append(observation)
        answer = choose(observation)


def play_tables(
    evaluator: Evaluator, instance: Instance, choose: Callable[[dict[str, Any]], list[float]], labels: int = 0
) -> tuple[Outcome, list[dict[str, Any]]]:
    """`choose` gives the priorities of each table, its columns made; returns the outcome and every table."""
    tables: list[dict[str, Any]] = []

    def answered(table: Table) -> list[float]:
        made = {name: column() if callable(column) else list(column) for name, column in table.columns.items()}
        rows = {} if table.rows is None else {"rows": table.rows}
        tables.append({**made, **table.scalars, **rows})
        return choose(tables[-1])

    outcome, _ = play(evaluator, instance, answered, labels)
    return outcome, tables
