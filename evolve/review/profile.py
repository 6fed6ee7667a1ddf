"""Where the time of a program goes: its lines, sampled while it plays train."""

from __future__ import annotations

from evaluators.evaluate import evaluate
from evolve.archive import Archive
from evolve.feedback.hotlines import hot_lines, sampled
from evolve.records import Candidate
from evolve.review.measured import problem_of
from evolve.review.playing import Playing
from evolve.review.site import Page
from sandbox.session import SandboxError


def profile_page(archive: Archive, candidate: Candidate, playing: Playing) -> Page:
    """The lines that take most of a candidate's time, or why they are not known."""
    problem = problem_of(archive.run(candidate.run))
    lines, words = [], "It is too quick for a sampler that looks every 5 ms."
    if isinstance(problem, str):
        words = problem
    elif candidate.source:
        try:
            with playing(problem) as sandbox:
                report = evaluate(problem, sampled(candidate.source), "train", sandbox).report
            lines = hot_lines(candidate.source, report.stdout)
        except SandboxError as error:
            words = f"It cannot be played now: {error}"
    return Page("", "profile", "profile.html", {"hot": lines, "words": words})
