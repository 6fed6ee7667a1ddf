"""The records that the engine, the archive, strategies and proposers exchange. Plain data, no behaviour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

Status = Literal["pending", "valid", "outraced", "invalid", "duplicate", "unparsed", "failed"]
STATUSES: dict[Status, str] = {
    "pending": "its life is not over",
    "valid": "ran on every train instance",
    "outraced": "clearly worse than its parents on the first train instances, and stopped there",
    "invalid": "the program failed; failure_kind says how",
    "duplicate": "the same program, or one that behaves the same, was there before",
    "unparsed": "the reply held no program, or its edits did not apply",
    "failed": "the proposer gave no reply",
}

BUILT_IN = "built-in"  # the proposer of what the end of a run makes of its best programs


@dataclass(frozen=True)
class Proposal:
    """What a strategy asks for: an operator, the candidates it works on (best last), and which model writes.

    `note` is the strategy's own (the island, say); it is stored with the candidate and comes back in `tell`.
    """

    operator: str
    parents: tuple[str, ...] = ()
    inspirations: tuple[str, ...] = ()
    model: str | None = None
    note: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Candidate:
    """One program and what became of it.

    number: 0 is the initial program, 1… the proposals of a run, -1… its baselines (which have a `name`).
    gaps: mean gap by split, for the splits that were measured. told: position in the order in which the strategy was
    told of it, None while pending. syntax: hash of the normalised syntax tree; behaviour: digest of what it decided on
    train. size: nodes of its syntax tree. price: what its calls cost the search, in US dollars, time included.
    evaluations: of all of train that it took, those for tuning included; of a part, its share.
    """

    id: str
    run: str
    number: int
    operator: str
    proposer: str
    status: Status = "pending"
    name: str | None = None
    model: str | None = None
    parents: tuple[str, ...] = ()
    inspirations: tuple[str, ...] = ()
    note: Mapping[str, Any] = field(default_factory=dict)
    source: str | None = None
    thought: str | None = None
    syntax: str | None = None
    behaviour: str | None = None
    size: int | None = None
    duplicate_of: str | None = None
    failure_kind: str | None = None
    failure_message: str | None = None
    failure_instance: str | None = None
    gaps: dict[str, float] = field(default_factory=dict)
    decision_seconds: float | None = None
    seconds: float | None = None
    stdout: str = ""
    stderr: str = ""
    price: float = 0.0
    evaluations: float = 0.0
    told: int | None = None
    created: float = 0.0
    finished: float | None = None

    @property
    def train(self) -> float | None:
        """Mean gap on train, which drives the search."""
        return self.gaps.get("train")

    @property
    def proposed(self) -> bool:
        """Whether the search asked for it, and its budget counts it: no human's program, and none of a run's end."""
        return self.number > 0 and self.proposer != BUILT_IN


class Listed(Protocol):
    """What figures of a run need of a candidate: a Candidate, or what a list shows of one."""

    @property
    def id(self) -> str: ...
    @property
    def number(self) -> int: ...
    @property
    def operator(self) -> str: ...
    @property
    def proposer(self) -> str: ...
    @property
    def model(self) -> str | None: ...
    @property
    def status(self) -> Status: ...
    @property
    def failure_kind(self) -> str | None: ...
    @property
    def gaps(self) -> Mapping[str, float]: ...
    @property
    def train(self) -> float | None: ...
    @property
    def proposed(self) -> bool: ...
    @property
    def evaluations(self) -> float: ...
    @property
    def told(self) -> int | None: ...
    @property
    def created(self) -> float: ...
    @property
    def finished(self) -> float | None: ...


@dataclass(frozen=True)
class Message:
    """One message of a prompt."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True)
class Attempt:
    """One request to an endpoint and how it ended: "ok", or what went wrong."""

    outcome: str
    seconds: float
    status: int | None = None


@dataclass(frozen=True)
class Completion:
    """What a proposer answered to one prompt. `reply` is None when every attempt failed, and `error` says why.

    cost is in US dollars; None where the model's price is unknown. estimated: the endpoint gave no usage, so tokens
    were estimated from the text's length.
    """

    reply: str | None
    model: str | None
    error: str | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    estimated: bool = False
    cost: float | None = None
    seconds: float = 0.0
    finish_reason: str | None = None
    attempts: Sequence[Attempt] = ()


@dataclass(frozen=True)
class Call:
    """A prompt and its answer, without their texts.

    number: the candidate's. came: when the answer came, seconds since 1970. tokens: input and output. cost: US dollars,
    None where the model's price is unknown. replied: whether there was an answer at all.
    """

    number: int
    turn: int
    model: str | None
    came: float
    tokens: int
    cost: float | None
    seconds: float
    replied: bool


@dataclass
class Run:
    """One search. `config` is everything needed to start it again; `fingerprint` that of the problem when it ran."""

    id: str
    problem: str
    folder: str
    fingerprint: str
    config: dict[str, Any]
    seed: int
    status: Literal["running", "stopped", "finished"] = "running"
    champion: str | None = None
    created: float = 0.0
    finished: float | None = None
    version: str = ""
