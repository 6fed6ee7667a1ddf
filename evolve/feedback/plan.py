"""A plan: where one class of instances holds the mean back, it becomes a goal of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evolve.feedback.parents import ClassFigures
from evolve.feedback.values import figure

TIMES = 2.0  # its share of what is lost over its share of the instances


@dataclass(frozen=True)
class Goal:
    """The class to improve on: what is lost there a mean instance, to which baseline (None: to the reference), and its
    shares of all that is lost and of the instances."""

    group: str
    lost: float
    rival: str | None
    of_loss: float
    of_instances: float

    def __str__(self) -> str:
        to = f" to {self.rival}" if self.rival else ""
        return (
            f"On the instances of class {self.group} this program loses {figure(self.lost)}{to}: "
            f"{self.of_loss:.0%} of all that it loses, on {self.of_instances:.0%} of the instances. "
            "Improve there first, without losing elsewhere."
        )


def goal(classes: Sequence[ClassFigures]) -> Goal | None:
    """The class that holds the mean back: by regret, or by gap where the program loses to no baseline. None if no
    class's share of the loss exceeds twice its share of the instances."""
    lost = [(max(one.regret or 0.0, 0.0), one) for one in classes]
    to_rivals = any(loss > 0 for loss, _ in lost)
    if not to_rivals:
        lost = [(max(one.gap, 0.0), one) for one in classes]
    total = sum(loss * one.instances for loss, one in lost)
    count = sum(one.instances for _, one in lost)
    if total <= 0:
        return None
    loss, worst = max(lost, key=lambda item: (item[0] * item[1].instances, item[1].group))
    shares = loss * worst.instances / total, worst.instances / count
    if shares[0] <= TIMES * shares[1]:
        return None
    return Goal(worst.group, loss, worst.rival if to_rivals else None, *shares)
