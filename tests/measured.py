"""A problem and what its own programs achieve, each measured once, in this process."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Protocol

from evaluators.evaluate import Evaluation, evaluate
from evaluators.problem import Problem, load_problem
from sandbox.session import InProcessSandbox


class Measured(Protocol):
    """A baseline, or "initial", on a split."""

    def __call__(self, name: str, split: str = ...) -> Evaluation: ...


def of_problem(folder: str, default: str = "train") -> tuple[Callable[[], Problem], Measured]:
    """The problem, loaded when it is asked for, and its programs; `default`: the split where none is named."""

    @cache
    def problem() -> Problem:
        return load_problem(folder)

    @cache
    def measured(name: str, split: str = default) -> Evaluation:
        source = problem().initial if name == "initial" else problem().baselines[name]
        made = evaluate(problem(), source, split, InProcessSandbox())
        assert made.failure is None
        return made

    return problem, measured
