"""Records to store."""

from __future__ import annotations

from typing import Any

from evaluators.evaluate import InstanceResult
from evolve.records import Attempt, Candidate, Completion, Message, Run


def run(id: str = "k3f9qz", **fields: Any) -> Run:
    return Run(
        **{"id": id, "problem": "tardiness", "folder": "/p", "fingerprint": "f1", "config": {}, "seed": 1, **fields}
    )


def candidate(number: int, of: str = "k3f9qz", **fields: Any) -> Candidate:
    given = {
        "id": f"{of}-{number}",
        "run": of,
        "number": number,
        "operator": "explore",
        "proposer": "mutator",
        **fields,
    }
    return Candidate(**given)


def results(count: int = 3, gap: float = 10.0) -> list[InstanceResult]:
    return [
        InstanceResult(f"smtt|train|{i}", "n=50", 110.0 + i, 100.0 + i, gap + i, {"late": float(i)})
        for i in range(count)
    ]


def completion(reply: str | None = "```python\n```", **fields: Any) -> Completion:
    attempts = (Attempt("HTTP 500: it happens", 0.5, 500), Attempt("ok", 1.5, 200))
    given = {"input_tokens": 100, "output_tokens": 10, "cached_tokens": 50, "cost": 0.25, "attempts": attempts}
    return Completion(reply, "fake-small", **{**given, **fields})


PROMPT = [Message("system", "You write rules."), Message("user", "Improve it.\n\x00\udcff")]
