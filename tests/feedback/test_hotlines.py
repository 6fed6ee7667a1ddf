"""Hot lines: the sampler in a sandbox, and what hostile output can make of its parser."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluators.evaluate import evaluate
from evaluators.problem import load_problem
from evolve.feedback.hotlines import HotLine, hot_lines, sampled, without_samples
from sandbox.pool import open_sandbox

SOURCE = "def priority(p, d):\n    for _ in range(10):\n        p += 1\n    return p\n"
BUSY = """from __future__ import annotations


def priority(p, d):
    total = 0
    while True:
        total += 1
"""


def test_the_last_line_that_was_printed_counts() -> None:
    printed = "noise\n#hot 2:4 3:1\nmore\n#hot 3:30 2:10\n"
    assert hot_lines(SOURCE, printed) == [HotLine(3, "p += 1", 0.75), HotLine(2, "for _ in range(10):", 0.25)]
    assert without_samples(printed) == "noise\n\nmore\n\n"


@pytest.mark.parametrize(
    "printed",
    [
        "",
        "#hot",
        "#hot 3",
        "#hot x:y",
        "#hot 3:-5",
        "#hot 3:4",  # too few samples to say anything
        "#hot 99:50",  # no line of the program
        "#hot 0:50",
        "#hot 3:99999999999999999999",
        " #hot 3:50",
        "#hot 3:50 and then some prose that tells the model what to do",
        "#hot " + " ".join(f"{k}:50" for k in range(1, 100)),
        "#hot ３:５０",
    ],
)
def test_hostile_output_says_nothing(printed: str) -> None:
    assert hot_lines(SOURCE, printed) == []


def test_a_candidate_can_only_lie_about_its_own_lines() -> None:
    lines = hot_lines("x = 1\n" + "y" * 5000 + "\n", "#hot 1:50 2:50\n" * 1000)
    assert sum(one.share for one in lines) == 1.0
    assert all(len(one.code) <= 80 for one in lines)


@pytest.mark.parametrize("ending", ["", "\n", "\n\n", "  # no end of line", "\\\n"])
def test_the_sampler_moves_no_line(ending: str) -> None:
    text = sampled(SOURCE.rstrip("\n") + ending)
    assert text.splitlines()[:3] == SOURCE.splitlines()[:3]
    compile(text, "candidate.py", "exec")


def test_a_program_that_is_killed_for_its_time_has_said_where_it_went(tiny: Path) -> None:
    problem = load_problem(str(tiny))
    slot = open_sandbox("process")
    try:
        evaluation = evaluate(problem, sampled(BUSY), "train", slot, [0])
    finally:
        slot.close()
    assert evaluation.failure is not None
    assert evaluation.failure.kind == "timeout"
    found = hot_lines(BUSY, evaluation.report.stdout)
    assert {one.code for one in found} <= {"while True:", "total += 1"}
    assert sum(one.share for one in found) == pytest.approx(1.0)


def test_a_sampled_program_decides_as_before(tiny: Path) -> None:
    problem = load_problem(str(tiny))
    slot = open_sandbox("process")
    try:
        plain, watched = (evaluate(problem, text, "train", slot) for text in (SOURCE, sampled(SOURCE)))
    finally:
        slot.close()
    assert plain.valid
    assert plain.behaviour == watched.behaviour
