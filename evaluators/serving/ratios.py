"""Gaps of problems whose costs range over orders of magnitude."""

from __future__ import annotations

from math import log

from evaluators.protocol import Evaluator, Instance, Reference


class LogRatio(Evaluator):
    """An evaluator whose gap is 100 times the logarithm of cost over reference: twice and half of it weigh the same,
    and the difference of two rules is the logarithm of their ratio, whatever the reference."""

    def gap(self, instance: Instance, cost: float, reference: Reference) -> float:
        """100 ln(cost / reference)."""
        return 100 * log(cost / reference.value)
