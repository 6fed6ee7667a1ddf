"""Figures by hand, and the same figures in tables, JSON and cards."""

from __future__ import annotations

import io
import itertools
import json
from pathlib import Path
from statistics import fmean

import pytest
from rich.console import Console

from evaluators.evaluate import Evaluation, InstanceResult, evaluate
from evaluators.problem import Problem, load_problem
from evolve.archive import Archive
from evolve.cli.measure import _evaluation_json, _program_json
from evolve.exporting import formats, subject_of
from evolve.figures import against, group_means, split_figures
from evolve.publishing import publish
from evolve.records import Candidate, Run
from evolve.tables import Program, standing_table
from sandbox.session import InProcessSandbox


def results(gaps: list[float], **metrics: list[float | None]) -> list[InstanceResult]:
    rows = []
    for place, gap in enumerate(gaps):
        found = {name: value for name, values in metrics.items() if (value := values[place]) is not None}
        rows.append(InstanceResult(f"i{place}", "even" if place % 2 == 0 else "odd", 100 + gap, 100.0, gap, found))
    return rows


def test_means_by_hand() -> None:
    figures = split_figures("test", results([1.0, 2.0, 6.0, -1.0], late=[1, 0, 1, 1], ratio=[None, 2.0, None, 4.0]))
    assert (figures.split, figures.instances) == ("test", 4)
    assert figures.gap_mean == 2.0
    assert figures.metrics == {"late": 0.75, "ratio": 3.0}  # a metric is a mean of where it is defined
    low, high = figures.gap_ci95
    assert -1.0 <= low < 2.0 < high <= 6.0


def test_intervals_by_hand() -> None:
    assert split_figures("test", results([3.0])).gap_ci95 == (3.0, 3.0)
    assert split_figures("test", results([3.0, 3.0, 3.0])).gap_ci95 == (3.0, 3.0)
    # Two instances: the mean of a resample is 0, 5 or 10 with probabilities 1/4, 1/2, 1/4.
    assert split_figures("test", results([0.0, 10.0])).gap_ci95 == (0.0, 10.0)
    # Twenty zeros and ones: the mean's standard error is 0.5 / sqrt(20), and its interval close to the normal one.
    low, high = split_figures("test", results([0.0, 1.0] * 10)).gap_ci95
    assert (low, high) == (pytest.approx(0.5 - 1.96 * 0.1118, abs=0.04), pytest.approx(0.5 + 1.96 * 0.1118, abs=0.04))


def test_class_means_by_hand() -> None:
    assert group_means(results([1.0, 2.0, 6.0, -1.0])) == {"even": 3.5, "odd": 0.5}
    assert list(group_means(results([1.0, 2.0])[::-1])) == ["odd", "even"]


def test_against_by_hand() -> None:
    mine, theirs = results([1.0, 2.0, 3.0, 4.0]), results([2.0, 2.0, 5.0, 3.0])
    found = against("test", mine, "other", theirs)
    assert (found.difference, found.wins, found.losses) == (-0.5, 2, 1)
    # Sign flips of -1, 0, -2, 1: of 16, those with |sum| >= 2.
    sums = [a * -1 + b * -2 + c * 1 for a, b, c in itertools.product((1, -1), repeat=3)]
    exact = sum(abs(total) >= 2 for total in sums) / len(sums)
    assert found.p_value == pytest.approx(exact, abs=0.02)
    back = against("test", theirs, "mine", mine)
    assert (back.difference, back.wins, back.losses, back.p_value) == (0.5, 1, 2, found.p_value)
    assert back.interval == (pytest.approx(-found.interval[1]), pytest.approx(-found.interval[0]))


def test_against_pairs_by_instance_and_leaves_out_what_only_one_has() -> None:
    mine, theirs = results([1.0, 2.0, 3.0]), results([2.0, 3.0, 4.0, 99.0])
    found = against("test", mine, "other", theirs[::-1])
    assert (found.difference, found.wins, found.losses) == (-1.0, 3, 0)


def test_the_same_program_is_no_better() -> None:
    found = against("test", results([1.0, 2.0]), "itself", results([1.0, 2.0]))
    assert (found.difference, found.wins, found.losses, found.p_value, found.interval) == (0.0, 0, 0, 1.0, (0.0, 0.0))


# --- one figure everywhere ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def measured(tiny: Path) -> tuple[Problem, dict[str, dict[str, Evaluation]]]:
    """mdd as the candidate and mddc, the paper's rule, on all splits."""
    problem, sandbox = load_problem(str(tiny)), InProcessSandbox()
    return problem, {
        name: {split: evaluate(problem, problem.baselines[name], split, sandbox) for split in problem.splits}
        for name in ("mdd", "mddc")
    }


Measured = tuple[Problem, dict[str, dict[str, Evaluation]]]


def test_tables_json_cards_and_exports_show_the_same(measured: Measured, tmp_path: Path) -> None:
    problem, evaluations = measured
    run = Run("r23456", problem.name, str(problem.folder), problem.fingerprint, {}, 0, version="1")
    source = problem.baselines["mdd"]
    candidate = Candidate("r23456-1", run.id, 1, "mutate", "mutator", "valid", source=source, size=9)
    candidate.gaps = {split: one.gap_mean or 0.0 for split, one in evaluations["mdd"].items()}
    with Archive.open(tmp_path / "a.db") as archive:
        archive.create_run(run)
        archive.save_candidate(candidate, {split: one.results for split, one in evaluations["mdd"].items()})
        stored = {split: archive.results(candidate.id, split) for split in problem.splits}
        sandbox = InProcessSandbox()
        path = publish(
            candidate, run, problem, archive, lambda text, split: evaluate(problem, text, split, sandbox), tmp_path
        )
        subject = subject_of(candidate, run, problem, archive, lambda: None)
        exported = {name: form.write(subject) for name, form in formats().items() if name != "parquet"}
        [row] = archive.leaderboard("tiny").to_dict("records")
    card = json.loads(path.read_text())
    first = Program(candidate.id, "mutator", stored, highlight=True)
    second = Program("mddc", "human", {split: one.results for split, one in evaluations["mddc"].items()})
    rows = [_program_json(one, first, problem.splits) for one in (first, second)]
    text = shown(standing_table([first, second], problem.splits, problem, "t"))
    for split in problem.splits:
        gaps = [result.gap for result in evaluations["mdd"][split].results]
        theirs = [result.gap for result in evaluations["mddc"][split].results]
        figures = card["figures"][split]
        assert figures["gap_mean"] == pytest.approx(fmean(gaps))
        assert figures == json.loads(json.dumps(split_figures(split, stored[split]).as_json()))
        assert figures == next(one for one in rows[0]["splits"] if one["split"] == split)
        assert card["baselines"]["mddc"][split] == next(one for one in rows[1]["splits"] if one["split"] == split)
        of_command = _evaluation_json(evaluations["mdd"][split])
        assert (of_command["gap_mean"], of_command["gap_ci95"]) == (figures["gap_mean"], figures["gap_ci95"])
        assert row[f"gap_{split}"] == pytest.approx(figures["gap_mean"])
        low, high = figures["gap_ci95"]
        assert f"{figures['gap_mean']:.4g} [{low:.4g}, {high:.4g}]" in exported["python"]
        assert f"{figures['gap_mean']:.4g} \\[{low:.3g}, {high:.3g}\\]" in exported["markdown"]
        assert rf"${figures['gap_mean']:.4g}$ & $[{low:.3g},\ {high:.3g}]$" in exported["latex"]
        assert subject.frame().groupby("split")["gap"].mean()[split] == pytest.approx(figures["gap_mean"])
        assert f"{figures['gap_mean']:.4g}" in text
        [test] = [one for one in rows[1]["first_against_it"] if one["split"] == split]
        [of_card] = [one for one in card["against_paper_rule"] if one["split"] == split]
        assert test == of_card
        assert test["difference"] == pytest.approx(fmean(gaps) - fmean(theirs))
    low, high = card["figures"]["test"]["gap_ci95"]
    test = rows[1]["first_against_it"][-1]
    assert f"{low:.3g}..{high:.3g}" in text
    assert f"{test['difference']:+.3g} {test['wins']}:{test['losses']}" in text


def test_a_table_puts_the_best_first_and_failures_last(measured: Measured) -> None:
    problem, evaluations = measured
    programs = [Program("broken", "file", {}, "exception: it broke")]
    programs += [
        Program(name, "human", {split: one.results for split, one in evaluations[name].items()})
        for name in ("mdd", "mddc")
    ]
    lines = shown(standing_table(programs, ["validation", "test"], problem, "t [x]")).splitlines()
    rows = [line.split() for line in lines if line.startswith(("mdd", "broken"))]
    assert [row[0] for row in rows[:3]] == ["mddc", "mdd", "broken"]
    assert "t [x]" in lines[0]
    assert "broken is invalid: exception: it broke" in " ".join(" ".join(lines).split())


def shown(table: object) -> str:
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(table)
    return console.export_text()
