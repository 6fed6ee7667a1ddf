"""What a meter counted: a line a call as it happens, and a summary that is always up to date.

`FILE.jsonl` is only appended to: a call is there before it is passed on, and its tokens before its answer is. So a
meter that is killed loses nothing that was answered, and the same command goes on with the same budget.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evolve.budget import Budget, Limits
from evolve.config import ConfigError
from evolve.pricing import price

COUNTS = ("calls", "failed_calls", "estimated_calls", "prompt_tokens", "completion_tokens", "cached_tokens")


@dataclass(frozen=True)
class Used:
    """Tokens of an answered call; estimated from the length of the texts where the endpoint gave no usage."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0
    estimated: bool = False


@dataclass
class Ledger:
    """Counts of one metered engine. calls: that were answered, charged to the budget; failed ones are counted apart."""

    out: Path
    upstream: str  # as it may be shown
    limits: Limits
    refused: int = 0
    first: float | None = None
    last: float | None = None
    models: dict[str, Counter[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.budget = Budget(self.limits)
        self._open: dict[int, str] = {}  # model by call that is not answered yet
        self._number = 0
        self._path = self.out.with_suffix(".jsonl")
        if self._path == self.out:
            raise ConfigError(f"--out {self.out}: the summary cannot have the name of the lines; choose FILE.json")
        if self.out.exists() and not self._path.exists():
            raise ConfigError(f"--out {self.out}: there is such a file, and it is not of a meter; name another")
        self._remember()
        try:
            self._lines = self._path.open("a", encoding="utf-8")
            self._summarise()
        except OSError as error:
            raise ConfigError(f"--out {self.out}: {error.strerror}") from None

    def asked(self, path: str, model: str) -> int:
        """Note a call that is about to be passed on; returns its number."""
        return self._note({"event": "asked", "call": self._number + 1, "path": path, "model": model})

    def answered(self, call: int, used: Used, seconds: float) -> None:
        """Note an answer, before it is passed on."""
        self._note({"event": "answered", "call": call, "seconds": round(seconds, 3), **vars(used)})

    def failed(self, call: int, error: str, seconds: float) -> None:
        """Note a call that brought no answer."""
        self._note({"event": "failed", "call": call, "seconds": round(seconds, 3), "error": error})

    def refuse(self, model: str) -> None:
        """Note a call that the budget did not allow."""
        self._note({"event": "refused", "model": model})

    def close(self) -> None:
        """Write the last summary."""
        self._summarise()
        self._lines.close()

    def _note(self, entry: dict[str, Any]) -> int:
        entry = {"time": round(time.time(), 3), **entry}
        self._lines.write(json.dumps(entry) + "\n")
        self._lines.flush()
        self._count(entry)
        self._summarise()
        return self._number

    def _count(self, entry: dict[str, Any]) -> None:
        """Take a line into account, written now or by an earlier session."""
        event = entry["event"]
        if event == "refused":
            self.refused += 1
            return
        self.first = self.first or entry["time"]
        self.last = entry["time"]
        if event == "asked":
            self._number = entry["call"]
            self._open[entry["call"]] = entry["model"]
            self.budget.in_flight += 1
            return
        counts = self.models.setdefault(self._open.pop(entry["call"]), Counter())
        self.budget.in_flight -= 1
        if event == "failed":
            counts["failed_calls"] += 1
            return
        counts["calls"] += 1
        counts["estimated_calls"] += entry["estimated"]
        for name in ("prompt_tokens", "completion_tokens", "cached_tokens"):
            counts[name] += entry[name]
        self.budget.spend(entry["prompt_tokens"] + entry["completion_tokens"], None)

    def _remember(self) -> None:
        """What earlier sessions noted. A call that was in flight when one was killed may have been paid: it counts as
        a call, of unknown tokens."""
        try:
            lines = self._path.read_bytes().splitlines(keepends=True) if self._path.exists() else []
            if lines and not lines[-1].endswith(b"\n"):  # killed while writing it
                os.truncate(self._path, sum(map(len, lines[:-1])))
                del lines[-1]
            for line in lines:
                self._count(json.loads(line))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ConfigError(f"--out {self.out}: {self._path} is not of a meter ({error}); name another") from None
        for call in list(self._open):
            counts = self.models.setdefault(self._open.pop(call), Counter())
            counts["calls"] += 1
            counts["estimated_calls"] += 1
            self.budget.in_flight -= 1
            self.budget.spend(0, None)

    def _summarise(self) -> None:
        temporary = self.out.with_suffix(".json.new")
        temporary.write_text(json.dumps(self.summary(), indent=1) + "\n", encoding="utf-8")
        os.replace(temporary, self.out)

    def summary(self) -> dict[str, Any]:
        """All counts, in all and by model. cost is in US dollars, null where a price is not known."""
        by_model = {model: {name: counts[name] for name in COUNTS} for model, counts in self.models.items()}
        costs = [
            price(model, c["prompt_tokens"], c["completion_tokens"], c["cached_tokens"], self.upstream)
            for model, c in by_model.items()
        ]
        known = [cost for cost in costs if cost is not None]
        return {
            "upstream": self.upstream,
            "limits": {"calls": self.limits.calls, "tokens": self.limits.tokens},
            "seconds": round((self.last or 0.0) - (self.first or 0.0), 3),
            **{name: sum(counts[name] for counts in by_model.values()) for name in COUNTS},
            "in_flight": len(self._open),
            "refused_calls": self.refused,
            "cost": sum(known) if len(known) == len(costs) else None,
            "models": by_model,
        }


@dataclass(frozen=True)
class Summary:
    """The part of a meter's summary that a comparison needs."""

    calls: int
    tokens: int
    cost: float | None
    seconds: float
    models: tuple[str, ...]


def read_summary(path: Path) -> Summary:
    """Read a summary back. Raises ConfigError for a file that is something else."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        cost = found["cost"]
        return Summary(
            calls=int(found["calls"]),
            tokens=int(found["prompt_tokens"]) + int(found["completion_tokens"]),
            cost=None if cost is None else float(cost),
            seconds=float(found["seconds"]),
            models=tuple(str(model) for model in found["models"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
        raise ConfigError(f"{path}: not the summary of a meter ({reason}); evolve meter writes it") from None
