"""A problem and what its own programs achieve: measured once, in this process, or as its standings have it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Protocol

from evaluators.evaluate import Evaluation, evaluate
from evaluators.problem import Problem, load_problem
from evolve.standings import read
from sandbox.session import InProcessSandbox


class Measured(Protocol):
    """A baseline, or "initial", on a split, or on those of its instances whose class begins with `group`."""

    def __call__(self, name: str, split: str = ..., group: str = ...) -> Evaluation: ...


class Recorded(Protocol):
    """The mean gap of a baseline, or "initial", on a split."""

    def __call__(self, name: str, split: str = ...) -> float: ...


@cache
def loaded(name: str) -> Problem:
    """A shipped problem, whose instances are made once; conftest keeps its tests in one process."""
    return load_problem(name)


@cache
def measure(folder: str, name: str, split: str, group: str = "") -> Evaluation:
    """What a baseline of a shipped problem, or "initial", achieves on a split; see `Measured`."""
    problem = loaded(folder)
    source = problem.initial if name == "initial" else problem.baselines[name]
    positions = [k for k, instance in enumerate(problem.instances(split)) if instance.group.startswith(group)]
    made = evaluate(problem, source, split, InProcessSandbox(), positions if group else None)
    assert made.failure is None
    return made


def of_problem(folder: str, default: str = "train") -> tuple[Callable[[], Problem], Measured]:
    """The problem, loaded when it is asked for, and its programs; `default`: the split where none is named."""

    def problem() -> Problem:
        return loaded(folder)

    def measured(name: str, split: str = default, group: str = "") -> Evaluation:
        return measure(folder, name, split, group)

    return problem, measured


def recorded(folder: str) -> Recorded:
    """Mean gaps as a problem's standings have them, where measuring every program on every split would take minutes.

    `evolve problems check` measures all of them again, and tests/problems/test_standings.py some.
    """

    @cache
    def gap(name: str, split: str = "train") -> float:
        standings = read(loaded(folder))
        assert standings is not None
        return standings.gaps[name][split]

    return gap
