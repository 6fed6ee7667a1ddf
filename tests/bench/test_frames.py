"""What a row says of a run, and of a target, by hand."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from evaluators.problem import load_problem
from evolve.archive import Archive
from evolve.bench.frames import run_row, target_of
from evolve.bench.plan import EXTERNAL, Contestant, labels
from evolve.config import ConfigError
from evolve.records import Candidate, Completion, Run, Status


def made(number: int, status: Status, **gaps: float) -> Candidate:
    return Candidate(f"r-{number}", "r", number, "mutate", "openai", status, gaps=gaps, evaluations=0.5)


def test_a_row_counts_what_ran_of_what_was_written(tmp_path: Path) -> None:
    archive = Archive.open(tmp_path / "a.db")
    run = Run("r", "p", "p", "f", {}, 0, "finished", champion="r-2")
    archive.create_run(run)
    candidates = [
        made(-1, "valid", train=1.0),  # a baseline
        made(0, "valid", train=9.0, validation=9.0),
        made(1, "valid", train=8.0),
        made(2, "valid", train=7.0, validation=6.0),
        made(3, "duplicate", train=7.0),
        made(4, "duplicate"),  # of a program that failed
        made(5, "invalid"),
        made(6, "unparsed"),
        made(7, "failed"),
    ]
    for number, reply in ((1, "x"), (7, None)):
        tokens = {"input_tokens": 20, "output_tokens": 5} if reply else {}
        archive.save_completion("r", number, 0, "k", [], Completion(reply, "m", cost=0.5 if reply else None, **tokens))
    assert run_row(run, candidates, archive) == {
        "champion": "r-2",
        "validation": 6.0,
        "train": 7.0,
        "candidates": 7,
        "valid": 2,
        "valid_rate": 0.5,
        "calls": 2,
        "tokens": 25,
        "cost": 0.5,
        "evaluations": 3.5,
    }
    archive.save_completion("r", 2, 0, "k", [], Completion("x", "m"))
    assert math.isnan(run_row(run, candidates, archive)["cost"])


def test_targets(tiny: Path) -> None:
    problem = load_problem(str(tiny))
    baselines = {"edd": {"train": 5.0}, "mdd": {"train": 3.0}, "mddc": {"validation": 1.0}}
    assert target_of(problem, baselines, None) == ("mdd", 3.0)
    assert target_of(problem, baselines, "edd") == ("edd", 5.0)
    assert target_of(problem, baselines, "-2.5") == ("given", -2.5)
    assert math.isnan(target_of(problem, baselines, "mddc")[1])  # it failed on train
    assert math.isnan(target_of(problem, {}, None)[1])
    with pytest.raises(ConfigError, match="edd, mdd, mddc"):
        target_of(problem, baselines, "best")


def test_labels_say_no_more_than_tells_apart() -> None:
    plain, other = Contestant("greedy", "m"), Contestant("islands", "m", "alone")
    peer = Contestant("peer", "m", EXTERNAL)
    assert list(labels([plain, other, peer]).values()) == ["greedy", "islands · alone", "peer"]
    assert list(labels([plain, Contestant("greedy", "n")]).values()) == ["greedy · m", "greedy · n"]
    assert len(set(labels([plain, Contestant("greedy", "m", EXTERNAL)]).values())) == 2
