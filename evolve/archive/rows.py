"""Records to rows and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from evaluators.evaluate import InstanceResult
from evolve.records import Attempt, Candidate, Completion, Message, Run

CANDIDATE_COLUMNS = [field.name for field in fields(Candidate) if field.name not in ("parents", "inspirations")]
RUN_COLUMNS = [field.name for field in fields(Run)]
COMPLETION_COLUMNS = [field.name for field in fields(Completion) if field.name != "attempts"]


@dataclass(frozen=True)
class Event:
    """Something that happened in a run. `id` counts up over the archive."""

    id: int
    run: str
    time: float
    kind: str
    data: Mapping[str, Any]


@dataclass(frozen=True)
class Usage:
    """What a run asked of its proposers. cost is in US dollars, of the priced calls; `unpriced_calls` answered, but
    their model's price is unknown; `failed_calls` gave no reply."""

    calls: int = 0
    failed_calls: int = 0
    unpriced_calls: int = 0
    attempts: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cost: float = 0.0


def candidate_row(candidate: Candidate) -> dict[str, Any]:
    row = {name: getattr(candidate, name) for name in CANDIDATE_COLUMNS}
    row["note"] = dict(candidate.note)
    return row | {f"gap_{split}": candidate.gaps.get(split) for split in ("train", "validation", "test")}


def lineage_rows(candidate: Candidate) -> list[dict[str, Any]]:
    roles = {"parent": candidate.parents, "inspiration": candidate.inspirations}
    return [
        {"candidate_id": candidate.id, "role": role, "position": position, "parent_id": parent}
        for role, parents in roles.items()
        for position, parent in enumerate(parents)
    ]


def evaluation_rows(
    candidate: str, split: str, results: Sequence[InstanceResult], relabelling: int
) -> list[dict[str, Any]]:
    return [
        {
            "candidate_id": candidate,
            "split": split,
            "position": position,
            "instance": result.instance,
            "instance_group": result.group,
            "cost": result.cost,
            "reference": result.reference,
            "gap": result.gap,
            "metrics": dict(result.metrics),
            "relabelling": relabelling,
        }
        for position, result in enumerate(results)
    ]


def completion_row(completion: Completion, messages: Sequence[Message]) -> dict[str, Any]:
    row = {name: getattr(completion, name) for name in COMPLETION_COLUMNS}
    row["messages"] = [[message.role, message.content] for message in messages]
    row["attempts"] = [[attempt.outcome, attempt.seconds, attempt.status] for attempt in completion.attempts]
    row["attempt_count"] = len(completion.attempts)
    row["replied"] = int(completion.reply is not None)
    return row


def to_candidate(row: Mapping[str, Any], lineage: Sequence[tuple[str, str]]) -> Candidate:
    """A candidate from its row and its (role, parent) pairs in order."""
    return Candidate(
        parents=tuple(parent for role, parent in lineage if role == "parent"),
        inspirations=tuple(parent for role, parent in lineage if role == "inspiration"),
        **{name: row[name] for name in CANDIDATE_COLUMNS},
    )


def to_completion(row: Mapping[str, Any]) -> tuple[list[Message], Completion]:
    messages = [Message(role, content) for role, content in row["messages"]]
    attempts = tuple(Attempt(*attempt) for attempt in row["attempts"])
    return messages, Completion(attempts=attempts, **{name: row[name] for name in COMPLETION_COLUMNS})


def to_result(row: Mapping[str, Any]) -> InstanceResult:
    return InstanceResult(
        row["instance"], row["instance_group"], row["cost"], row["reference"], row["gap"], row["metrics"]
    )


def to_run(row: Mapping[str, Any]) -> Run:
    return Run(**{name: row[name] for name in RUN_COLUMNS})
