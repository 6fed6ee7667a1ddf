"""Take a rule away: one Python file that depends on nothing of ours."""

from __future__ import annotations

import time

from evaluators.problem import Problem
from evolve.archive import Archive
from evolve.figures import split_figures
from evolve.records import Candidate


def export_python(candidate: Candidate, problem: Problem, archive: Archive) -> str:
    """The program with a header that says what it is for, how good it is and where it comes from."""
    lines = [
        f"# {problem.spec.title}: a heuristic found by evolve",
        "#",
        f"# Interface: {problem.interface}. {_meaning(problem)}",
        f"# Gap: {problem.evaluator.scale}" + (" (self-scored)" if problem.evaluator.self_scored else "") + ".",
    ]
    for split in problem.splits:
        if results := archive.results(candidate.id, split):
            figures = split_figures(split, results)
            low, high = figures.gap_ci95
            lines.append(
                f"# {split}: mean gap {figures.gap_mean:.4g} [{low:.4g}, {high:.4g}] over {figures.instances} instances"
            )
    by = candidate.proposer + (f", model {candidate.model}" if candidate.model else "")
    made = time.strftime("%Y-%m-%d", time.localtime(candidate.created))
    lines += [
        f"# Provenance: candidate {candidate.id}, operator {candidate.operator}, written by {by}, {made}.",
        "# Licence: Apache-2.0.",
        "",
    ]
    return "\n".join(lines) + "\n" + (candidate.source or "").strip() + "\n"


def _meaning(problem: Problem) -> str:
    if problem.interface == "priority":
        taken = ", ".join(feature.name for feature in problem.evaluator.features)
        return f"The item with the smallest value goes first. Features: {taken}."
    return "See the problem's statement for what it receives and returns."
