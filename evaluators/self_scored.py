"""Evaluators of another engine, unchanged: a file with `evaluate(program_path)`, as OpenEvolve has them.

Such a file loads the candidate into its own process, so it can only run inside the sandbox, beside the candidate, and a
candidate can forge whatever it returns. What comes out is therefore labelled "self-scored" wherever it is shown.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evaluators.protocol import Evaluator, Instance, Labels, Outcome, ProblemError, Reference
from sandbox.session import CandidateError

WRAPPER = Path(__file__).with_name("self_scored_inside.py")
MOST_METRICS = 100
LONGEST_NAME = 100


class SelfScored(Evaluator):
    """Runs `evaluate` of a file in the problem's folder, and takes its word for the score (higher is better).

    file: the evaluator; score: the metric that counts; extra: further files of the folder that the evaluator needs.
    """

    measure = "minus the score"
    scale = "minus the evaluator's own score (self-scored)"
    self_scored = True

    def __init__(self, *, file: str = "evaluator.py", score: str = "combined_score", extra: Sequence[str] = ()) -> None:
        self.file, self.score, self.extra = file, score, list(extra)

    def instances(self, split: str, *, repeats: int = 1) -> list[Instance]:
        """An evaluator that scores itself has no instances; `repeats` evaluations of a program take their place."""
        self._texts()
        return [Instance(f"self|{split}|{k}", "self-scored", None) for k in range(repeats)]

    def reference(self, instance: Instance) -> Reference:
        """A score of 0."""
        return Reference(0.0, "baseline")

    def gap(self, instance: Instance, cost: float, reference: Reference) -> float:
        """Minus the score, on the evaluator's own scale."""
        return cost

    def files(self) -> list[Path]:
        """The evaluator, its further files, and what runs them."""
        return [*self._paths(), WRAPPER]

    def _paths(self) -> list[Path]:
        return [self.folder / name for name in (self.file, *self.extra)]

    def program(self, source: str) -> str:
        """A program that writes the candidate and the evaluator into a temporary folder and calls `evaluate` there."""
        lines = {"EVALUATOR": self.file, "FILES": self._texts(), "PROGRAM": source}
        wrapper = WRAPPER.read_text(encoding="utf-8")
        return wrapper + "\n\n" + "".join(f"{name} = {value!r}\n" for name, value in lines.items())

    def _texts(self) -> dict[str, str]:
        texts = {}
        for name, path in zip((self.file, *self.extra), self._paths(), strict=True):
            try:
                texts[name] = path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                what = getattr(error, "strerror", None) or error
                raise ProblemError(f"{path}: {what}; [parameters] of problem.toml names this file") from None
        return texts

    def question(self, instance: Instance, labels: Labels) -> dict[str, Any]:
        """Nothing: the evaluator file has its own instances."""
        return {}

    def verify(self, instance: Instance, answer: Any, labels: Labels) -> Outcome:
        """Take the score from the metrics that came back. All that can be checked is that it is a number."""
        if type(answer) is not dict or type(answer.get("metrics")) is not dict:
            raise CandidateError("protocol", "the evaluator's metrics did not come back")
        if type(error := answer.get("error")) is str:
            raise CandidateError("exception", error[:2000])
        found = {name: value for name, value in answer["metrics"].items() if type(name) is str and type(value) is float}
        if self.score not in found:
            names = ", ".join(sorted(found)[:20]) or "none"
            raise CandidateError("illegal", f"evaluate() returned no number {self.score!r}; its metrics are: {names}")
        score = found.pop(self.score)
        if not math.isfinite(score):
            raise CandidateError("illegal", f"evaluate() returned {self.score} = {score}; it must be finite")
        fitting = [name for name, value in found.items() if math.isfinite(value) and len(name) <= LONGEST_NAME]
        return Outcome(-score, {name: found[name] for name in fitting[:MOST_METRICS]})
