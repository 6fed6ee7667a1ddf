"""Time limits on a machine whose processors others use: the candidate's own time counts, and it cannot make excuses."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from evaluators import driver
from evaluators.driver import Clock
from sandbox import client, leftovers, slots
from sandbox.candidate import Limits
from sandbox.client import SocketSession
from sandbox.session import BUSY, CandidateError
from tests.conftest import require
from tests.sandbox.support import LIMITS, ask, load, opened

WORK = """
def solve(seconds):
    import time
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
    return 1
"""
SLEEP = """
def solve(seconds):
    import time
    time.sleep(seconds)
    return 1
"""
IN_ITS_OWN_WAY = """
import os
def solve(seconds):
    for _ in range(4):
        if os.fork() == 0:
            while True:
                pass
    while True:
        pass
"""
TRIES = 5  # others may leave a candidate the processor for a while
backends = pytest.mark.parametrize(
    "name",
    ["process", pytest.param("bubblewrap", marks=pytest.mark.bubblewrap)],  # Docker has its own processors
)
SPIN = "import os, sys; os.sched_setaffinity(0, {int(sys.argv[1])})\nwhile True: pass"


@pytest.fixture
def one_processor() -> Iterator[int]:
    """This process, and what it starts, on one processor: another one for each process that runs tests."""
    before = os.sched_getaffinity(0)
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    processor = sorted(before)[worker % len(before)]
    os.sched_setaffinity(0, {processor})
    yield processor
    os.sched_setaffinity(0, before)


@pytest.fixture
def busy(one_processor: int) -> Iterator[None]:
    """Another one on that processor."""
    # In a session of its own, as candidates are: else Linux shares its part among all that the tests run.
    other = subprocess.Popen([sys.executable, "-c", SPIN, str(one_processor)], start_new_session=True)
    time.sleep(0.3)
    yield
    other.kill()
    other.wait()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However little others leave a candidate of its processor, it is waited for."""
    monkeypatch.setattr(client, "BUSY", 100)
    monkeypatch.setattr(driver, "BUSY", 100)


@pytest.mark.usefixtures("busy", "patient")
@backends
def test_waiting_for_a_processor_does_not_count(name: str) -> None:
    require(name)
    with opened(name) as slot:
        for _ in range(TRIES):
            session = slot.open(LIMITS)
            load(session, WORK)
            start = time.monotonic()
            assert ask(session, 0.45, 0.6) == 1
            elapsed = time.monotonic() - start
            waited = session.waited()
            session.close()
            if elapsed > 0.6:
                assert waited > (elapsed - 0.45) / 2
                return
    pytest.fail("others left it the processor each time, so that this shows nothing")


@pytest.mark.usefixtures("busy", "patient")
@backends
def test_nor_does_it_in_the_limit_of_a_whole_evaluation(name: str) -> None:
    require(name)
    with opened(name) as slot:
        for _ in range(TRIES):
            session = slot.open(LIMITS)
            load(session, WORK)
            clock = Clock(replace(LIMITS, call_seconds=0.5, instance_seconds=0.2), 3)
            message = {"op": "call", "episodes": [0], "arguments": [0.2]}
            for _ in range(4):
                assert clock.call(session, message) == [1]
            session.close()
            if clock.spent > 1.1:
                return
    pytest.fail("others left it the processor each time, so that this shows nothing")


@pytest.mark.usefixtures("busy")
@backends
@pytest.mark.parametrize("source", [SLEEP, WORK])
def test_what_does_not_come_to_an_end_is_ended(name: str, source: str) -> None:
    require(name)
    with opened(name) as slot:
        session = slot.open(LIMITS)
        load(session, source)
        start = time.monotonic()
        with pytest.raises(CandidateError) as caught:
            ask(session, 60, 0.5)
        assert caught.value.kind == "timeout"
        assert time.monotonic() - start < BUSY * 0.5 + 2


@pytest.mark.usefixtures("one_processor")
@backends
def test_a_candidate_that_stands_in_its_own_way_is_ended(name: str) -> None:
    require(name)
    with opened(name) as slot:
        session = slot.open(LIMITS)
        load(session, IN_ITS_OWN_WAY)
        start = time.monotonic()
        with pytest.raises(CandidateError) as caught:
            ask(session, 0, 0.6)
        assert caught.value.kind == "timeout"
        assert time.monotonic() - start < BUSY * 0.6 + 2


class Standing(slots.Slot):
    """A slot whose candidate does nothing."""

    def _spawn(self, limits: Limits, descriptors: Sequence[int]) -> int:
        os.write(descriptors[-1], b"+")
        return 0

    def _reap(self) -> bool:  # the children of this process are not the slot's
        return False


def test_what_the_host_takes_is_waited_for_from_the_start_of_the_candidate(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter([100.0, 100.5])
    monkeypatch.setattr(leftovers, "stolen", lambda: next(seconds))
    slot = Standing("")
    slot.start(Limits(512, 8, 4, 1), -1, -1, -1)
    monkeypatch.setattr(leftovers, "descendants", list)
    assert slot.load() == (0.5, 0.0)


def test_what_the_host_took_is_what_the_kernel_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(os, "sysconf", lambda name: 100)
    stat = tmp_path / "stat"
    stat.write_text("cpu  90 80 70 60 50 40 30 500 0 0\ncpu0 45 40 35 30 25 20 15 400 0 0\n")
    assert leftovers.stolen(str(stat)) == 2.5
    stat.write_text("cpu  90 80 70 60\n")
    assert leftovers.stolen(str(stat)) == 0
    assert 0 <= leftovers.stolen() <= time.monotonic() + 1


class Answering:
    """A supervisor that says how long a candidate waited, and what its processes used."""

    def __init__(self, waited: float, used: float) -> None:
        self.answer = {"waited": waited, "used": used}

    def ask(self, request: object, seconds: float) -> dict[str, float]:
        return self.answer


@pytest.mark.parametrize(
    ("waited", "used", "excuse"),
    [
        (0.5, 0.4, 0.5),  # others had the processor
        (0.0, 0.1, 0.0),  # it slept
        (5.0, 1.0, 0.0),  # its own processes had the processor
        (5.0, 1.9, 0.0),  # and another one
        (0.9, 0.7, 0.3),  # something of both
    ],
)
def test_what_its_own_processes_used_is_no_excuse(waited: float, used: float, excuse: float) -> None:
    session = SocketSession(Answering(waited, used), None, LIMITS, None)  # type: ignore[arg-type]
    session._spent = 1.0
    assert session.waited() == pytest.approx(excuse)
