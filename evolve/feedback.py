"""What a prompt says of programs: their gaps, the classes where they are worst, and how programs failed."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from evaluators.evaluate import Evaluation, InstanceResult
from evolve.records import Candidate
from sandbox.session import KINDS

LONG_PROGRAM = 60  # lines; from here on a model is asked for edits instead of the whole program
GROUPS_SHOWN = 6


@dataclass(frozen=True)
class Shown:
    """A program as a prompt shows it."""

    source: str
    gap: float | None
    groups: Sequence[tuple[str, float]] = ()
    failure: str | None = None


def shown(candidate: Candidate, results: Sequence[InstanceResult]) -> Shown:
    """A candidate with its gap by class, the worst first."""
    return Shown(candidate.source or "", candidate.train, by_group(results)[:GROUPS_SHOWN], failure_line(candidate))


def by_group(results: Sequence[InstanceResult]) -> list[tuple[str, float]]:
    """Mean gap of each class of instances, the worst first; empty if there is one class only."""
    groups: dict[str, list[float]] = {}
    for result in results:
        groups.setdefault(result.group, []).append(result.gap)
    if len(groups) < 2:
        return []
    means = [(group, sum(gaps) / len(gaps)) for group, gaps in groups.items()]
    return sorted(means, key=lambda item: -item[1])


def failure_line(candidate: Candidate) -> str | None:
    """How a candidate failed, in a line."""
    if candidate.failure_kind is None:
        return None
    first = (candidate.failure_message or "").splitlines() or [""]
    return f"{KINDS.get(candidate.failure_kind, candidate.failure_kind)}: {first[0]}"


def repair_text(problem_with_reply: str, evaluation: Evaluation | None) -> str:
    """What the repair turn tells the model: what went wrong, and what the program printed."""
    lines = [problem_with_reply]
    if evaluation is not None:
        printed = (evaluation.report.stdout + evaluation.report.stderr).strip()
        if printed:
            lines.append(f"It printed:\n{printed[-1000:]}")
    return "\n\n".join(lines)


@dataclass
class Notebook:
    """What all prompts of a run draw on besides their parents: known rules' gaps and recent failures."""

    standings: Sequence[tuple[str, float]] = ()
    _failures: deque[str] = field(default_factory=lambda: deque(maxlen=4))

    def tell(self, candidate: Candidate) -> None:
        """Note a failure, each kind of message once."""
        line = failure_line(candidate)
        if line and line not in self._failures:
            self._failures.append(line)

    def context(self, parents: Sequence[Shown], inspirations: Sequence[Shown]) -> Mapping[str, object]:
        """The variables of an operator's template."""
        last = parents[-1].source if parents else ""
        return {
            "parents": parents,
            "inspirations": inspirations,
            "standings": self.standings,
            "recent_failures": list(self._failures),
            "edits": last.count("\n") > LONG_PROGRAM,
        }
