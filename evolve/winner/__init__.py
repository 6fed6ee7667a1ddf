"""The end of a run: validation picks the champion, which is tuned, made shorter, explained term by term, and measured
once on test."""

from evolve.winner.crowning import Winner, find_winner
from evolve.winner.report import report_of
from evolve.winner.stage import Stage

__all__ = ["Stage", "Winner", "find_winner", "report_of"]
