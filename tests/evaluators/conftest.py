"""Playing programs against a simulator in this process, and watching what crosses to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from evaluators.driver import Clock, Played, play
from evaluators.protocol import Evaluator, Instance
from sandbox.session import InProcessSession, Limits, Report, Session
from tests.tiny import tiny as tiny


class Recorder:
    """A session that passes everything on and keeps the messages."""

    def __init__(self, inner: Session) -> None:
        self.inner = inner
        self.messages: list[Mapping[str, Any]] = []

    def call(self, message: Mapping[str, Any], seconds: float) -> Any:
        self.messages.append(message)
        return self.inner.call(message, seconds)

    def waited(self) -> float:
        return 0.0

    def close(self) -> Report:
        return self.inner.close()


Run = Callable[..., list[Played]]


@pytest.fixture
def run() -> Run:
    """run(evaluator, instances, source, relabelling=0, session=...) plays a program; returns its episodes in order."""

    def playing(
        evaluator: Evaluator,
        instances: Sequence[Instance],
        source: str,
        relabelling: int = 0,
        session: Session | None = None,
        functions: Sequence[str] = ("priority", "solve"),
    ) -> list[Played]:
        session = session or InProcessSession()
        features = [feature.name for feature in evaluator.features]
        load = {"op": "load", "source": source, "functions": list(functions), "features": features}
        loaded = session.call(load, 5)
        clock = Clock(Limits(call_seconds=20), len(instances))
        episodes = play(evaluator, instances, session, loaded["function"], loaded["parameters"], clock, relabelling)
        return sorted(episodes, key=lambda played: played.index)

    return playing


@pytest.fixture
def recorder() -> Recorder:
    """A session that keeps what crosses."""
    return Recorder(InProcessSession())
