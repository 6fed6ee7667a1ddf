"""Play a run again from its recorded replies: the same seed and the same replies give the same run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from evolve.archive import Archive
from evolve.config import ConfigError
from evolve.engine import Listener, Recording
from evolve.proposers.base import Request
from evolve.records import Candidate, Completion, Run
from evolve.session import Ending, conduct, new_run_like


class Recorded:
    """Answers from the archive what was answered then."""

    reads_prompts = True
    operators: Sequence[str] | None = None

    def __init__(self, archive: Archive, run: Run, name: str) -> None:
        self._archive, self._run, self.name = archive, run, name

    async def propose(self, request: Request) -> Completion:
        """The recorded completion of the same candidate and turn."""
        _, number, turn = request.key.split("/")
        found = self._archive.completion(self._run.id, int(number), int(turn))
        if found is None:
            return Completion(None, request.model, error="there is no record of this call")
        return replace(found, attempts=())  # with its cost, which strategies may weigh; nothing is paid again

    async def close(self) -> None:
        """Nothing is open."""


async def replay(run: Run, archive: Archive, into: Archive, listener: Listener) -> tuple[Ending, list[str]]:
    """Run `run` again into another archive. Returns its ending, and in one line each what is not the same."""
    before = sorted(_proposed(archive, run), key=lambda candidate: candidate.told or 0)
    if not before:
        raise ConfigError(f"run {run.id} has ended no candidate yet: there is nothing to replay")
    proposer = Recorded(archive, run, str(run.config["proposer"])) if archive.usage(run.id).calls else None
    recording = Recording(
        order=[candidate.number for candidate in before],
        times={c.number: c.decision_seconds for c in archive.candidates_of(run.id) if c.decision_seconds is not None},
        progress={c.number: c.note["progress"] for c in before if "progress" in c.note},
    )
    again = new_run_like(run, into, candidates=1)
    last = max(candidate.number for candidate in before)
    waiting = [c for c in archive.candidates_of(run.id) if c.told is None and 0 < c.number < last]
    for budget in _budgets(before, waiting, str(run.config["proposer"])):
        again.config["candidates"] = budget
        ending = await conduct(again, into, listener, proposer, recording)
    after = {candidate.number: candidate for candidate in _proposed(into, again)}
    differences = []
    for candidate in before:
        other = after.get(candidate.number)
        if other is None or _essence(candidate) != _essence(other):
            differences.append(f"candidate {candidate.number} is not the same")
    if run.status == "finished" and _number(run.champion) != _number(again.champion):
        differences.append(f"the champion is candidate {_number(again.champion)}, and was {_number(run.champion)}")
    return ending, differences


def _budgets(told: Sequence[Candidate], waiting: Sequence[Candidate], by: str) -> list[int]:
    """How many candidates the run's proposer was asked for whenever the run came to an end; what that end made stands
    after them. waiting: those that a stopped run still waits for, which hold their places until the end."""
    budgets = []
    count = 0
    for candidate, later in zip(told, [*told[1:], None], strict=True):
        count += candidate.proposer == by
        if candidate.proposed and (later is None or not later.proposed):
            budgets.append(count)
    budgets[-1] += sum(candidate.proposer == by for candidate in waiting)
    return budgets


def _number(candidate: str | None) -> str:
    return (candidate or "").rpartition("-")[2]


def _proposed(archive: Archive, run: Run) -> list[Candidate]:
    return [c for c in archive.candidates_of(run.id) if c.number > 0 and c.told is not None]


def _essence(candidate: Candidate) -> tuple[object, ...]:
    parents = tuple(parent.rpartition("-")[2] for parent in candidate.parents)
    return (candidate.operator, parents, candidate.source, candidate.status, candidate.gaps.get("train"))
