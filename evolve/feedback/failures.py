"""How programs failed, in two kinds: protocol (the reply or program could not be used) and algorithmic (it ran)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evolve.feedback.values import line
from evolve.records import Candidate
from sandbox.session import KINDS, PROTOCOL_KINDS

# "reply": no program in it. A time-out is no idea that went wrong, but one that must be written otherwise.
PROTOCOL = PROTOCOL_KINDS | {"reply", "timeout"}
UNTOLD = {"call"}  # the endpoint's failure, not the program's
LINE = 170  # characters
KEPT, TOLD = 8, 3  # failures remembered of each kind, and told

ADVICE = {
    "reply": "Answer with ONE code block that starts with ```python and holds the complete program.",
    "syntax": "Correct that line, and answer with the complete program.",
    "import": "Import only from the standard library and numpy, and let nothing at the top level fail.",
    "missing": "Define the function with exactly the name that is asked for.",
    "signature": "Take only the values that are listed above, by exactly these names.",
    "type": "Return exactly what is asked for: a plain number is no list, no None and no truth value.",
    "protocol": "Only return values from the function; touch no files, sockets or streams.",
    "timeout": "Keep the idea and do less work: bound every loop, compute what repeats once, search less.",
    "exception": "Guard that line: empty lists, zero divisors, missing entries, numbers that grow too large.",
    "illegal": "Keep the idea, and obey that rule in every case.",
    "memory": "Keep less: no tables or lists that grow with every combination.",
    "crashed": "Do not end the process, and do not recurse deeply.",
    "evaluator": "Return plain data of exactly the form that is asked for.",
}


@dataclass(frozen=True)
class Failures:
    """Lines on recent failures, newest first."""

    protocol: Sequence[str] = ()
    algorithmic: Sequence[str] = ()


@dataclass(frozen=True)
class Failed:
    """One failure: whether it is one of protocol, and how it reads."""

    protocol: bool
    text: str


def failed(candidate: Candidate) -> Failed | None:
    """A candidate's failure; None if it did not fail, or if no program was to blame."""
    text = failure_line(candidate)
    if text is None or candidate.failure_kind in UNTOLD:
        return None
    return Failed(candidate.failure_kind in PROTOCOL, text)


def failure_line(candidate: Candidate) -> str | None:
    """How a candidate failed, in a line: what happened, and in which line of its code."""
    if candidate.failure_kind is None:
        return None
    lines = [one.strip() for one in (candidate.failure_message or "").splitlines() if one.strip()]
    what = line(lines[0], 110) if lines else ""
    code = lines[-1].partition(": ")[2] if len(lines) > 1 and lines[-1].startswith("line ") else ""
    said = KINDS.get(candidate.failure_kind, "the reply could not be used")
    text = f"{said}: {what}" if candidate.failure_kind != "exception" and what else what or said
    return line(f"{text} in `{code}`" if code else text, LINE)


def note(known: tuple[Failed, ...], new: Failed) -> tuple[Failed, ...]:
    """The failures with a new one in front; each text once, and only the last few of each kind."""
    kept = [new, *(one for one in known if one.text != new.text)]
    return tuple(one for place, one in enumerate(kept) if _place(kept[:place], one.protocol) < KEPT)


def _place(before: Iterable[Failed], protocol: bool) -> int:
    return sum(one.protocol == protocol for one in before)


def recent(known: Iterable[Failed], most: int = TOLD) -> Failures:
    """The newest few of each kind."""
    protocol = [one.text for one in known if one.protocol]
    algorithmic = [one.text for one in known if not one.protocol]
    return Failures(protocol[:most], algorithmic[:most])


def kind_line(kind: str) -> str:
    """Which of the two kinds a failure is, for the repair turn, and what it means."""
    said = KINDS.get(kind, "it holds no program that can be used")
    if kind in PROTOCOL:
        return f"Your reply could not be measured (format, types or time): {said}."
    return f"Your program ran, and its algorithm went wrong: {said}."
