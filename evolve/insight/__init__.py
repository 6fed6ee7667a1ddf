"""What a run shows, as typed rows: pure functions of records, which the terminal, pages, exports and frames share.

`evolve.figures` measures one program; this package looks at the many programs of a run or of a leaderboard.
"""

from evolve.insight.ancestry import Ancestor, ancestry, writers
from evolve.insight.anytime import AXES, MEASURES, Step, anytime, held
from evolve.insight.budgets import Spent, spent
from evolve.insight.classes import ClassFigures, ClassVersus, classes, classes_versus
from evolve.insight.contributions import Contribution, by_model, by_operator
from evolve.insight.endings import Ending, endings
from evolve.insight.pareto import OBJECTIVES, pareto

__all__ = [
    "AXES",
    "MEASURES",
    "OBJECTIVES",
    "Ancestor",
    "ClassFigures",
    "ClassVersus",
    "Contribution",
    "Ending",
    "Spent",
    "Step",
    "ancestry",
    "anytime",
    "by_model",
    "by_operator",
    "classes",
    "classes_versus",
    "endings",
    "held",
    "pareto",
    "spent",
    "writers",
]
