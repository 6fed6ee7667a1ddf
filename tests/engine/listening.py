"""A listener that keeps what it is told."""

from __future__ import annotations

from collections.abc import Sequence

from evolve.records import Candidate, Completion


class Silent:
    """Shows nothing."""

    def __init__(self) -> None:
        self.phases: list[str] = []
        self.completions: list[Completion] = []
        self.candidates: list[Candidate] = []

    def phase(self, text: str) -> None:
        self.phases.append(text)

    def baselines(self, candidates: Sequence[Candidate]) -> None:
        pass

    def called(self, candidate: Candidate, completion: Completion) -> None:
        self.completions.append(completion)

    def told(self, candidate: Candidate) -> None:
        self.candidates.append(candidate)
