"""What a configuration leaves open and the problem decides."""

from __future__ import annotations

from evaluators.problem import Problem
from evolve import standings
from evolve.config import RunConfig

STAGED_FROM = 0.15  # seconds of an evaluation from which it pays to stop one early
TUNING_SECONDS, LEAST_TUNING, MOST_TUNING = 3.0, 12, 60  # of one program's constants: seconds; evaluations


def fitted(config: RunConfig, problem: Problem) -> RunConfig:
    """With what depends on how long an evaluation takes, as far as the configuration leaves it open. By the stored
    standings, not by the clock, so that the same seed is the same run on every machine."""
    stored = standings.read(problem)
    seconds = stored.train_seconds if stored else None
    changes: dict[str, object] = {}
    if config.staged is None:
        changes["staged"] = seconds is None or seconds >= STAGED_FROM
    if config.tuning is None:
        changes["tuning"] = LEAST_TUNING if seconds is None else tuning_evaluations(seconds)
    return config.model_copy(update=changes)


def tuning_evaluations(seconds: float) -> int:
    """Evaluations for the constants of one program where one takes so long."""
    return min(MOST_TUNING, max(LEAST_TUNING, round(TUNING_SECONDS / seconds)))
