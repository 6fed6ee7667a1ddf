"""Slots: kept warm, made fresh, replaced when they die, and gone when their owner is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from evolve.config import read_config
from sandbox import backends
from sandbox.backends import base
from sandbox.pool import backend_names, choose_backend, load_backend, open_sandbox
from sandbox.session import CandidateError, Limits, SandboxError
from tests.conftest import Variant
from tests.sandbox.support import LIMITS, ask, eventually, exists, load, opened, run

ECHO = "def solve(x):\n    return x\n"
HANG = "def solve(x):\n    while True: pass\n"


def test_warm_slots_keep_their_supervisor(variant: Variant) -> None:
    with opened(variant) as slot:
        assert run(slot, ECHO, 1) == 1
        first = slot.current
        assert run(slot, ECHO, 2) == 2
        assert first is not None
        assert slot.current is first


def test_fresh_slots_use_a_supervisor_once(backend: str) -> None:
    with opened(backend, "fresh") as slot:
        session = slot.open(LIMITS)
        lease = session._lease
        load(session, ECHO)
        session.close()
        assert eventually(lambda: not lease.handle.alive())
        assert run(slot, ECHO, 2) == 2


@pytest.mark.bubblewrap
def test_without_anything_to_separate_candidates_warm_is_fresh() -> None:
    from tests.conftest import require

    require("bubblewrap")
    with opened(Variant("", "bubblewrap", ("users", "namespaces"))) as slot:
        assert slot.hello["mode"] == "session"
        assert run(slot, ECHO, 1) == 1
        assert slot.current is None
        assert run(slot, ECHO, 2) == 2


def test_a_dead_supervisor_is_replaced(backend: str) -> None:
    with opened(backend) as slot:
        assert run(slot, ECHO, 1) == 1
        assert slot.current is not None
        os.kill(slot.current.handle.pid, signal.SIGKILL)
        assert run(slot, ECHO, 2) == 2


def test_a_stopped_supervisor_is_replaced(backend: str) -> None:
    with opened(backend) as slot:
        assert run(slot, ECHO, 1) == 1
        lease = slot.current
        assert lease is not None
        for pid in [lease.handle.pid, *base.children(lease.handle.pid)]:
            os.kill(pid, signal.SIGSTOP)
        start = time.monotonic()
        assert run(slot, ECHO, 2) == 2
        assert time.monotonic() - start < 8
        assert slot.current is not lease


def test_a_supervisor_that_stops_under_a_candidate_costs_no_more_than_two_seconds(backend: str) -> None:
    with opened(backend) as slot:
        session = slot.open(LIMITS)
        load(session, HANG)
        lease = session._lease
        for pid in [lease.handle.pid, *base.children(lease.handle.pid)]:
            os.kill(pid, signal.SIGSTOP)
        start = time.monotonic()
        with pytest.raises(CandidateError, match="no answer"):
            ask(session, 0, 0.3)
        session.close()
        assert time.monotonic() - start < 0.3 + 2.0
        assert run(slot, ECHO, 2) == 2


def test_a_hang_costs_its_limit_and_nothing_more(variant: Variant) -> None:
    with opened(variant) as slot:
        session = slot.open(LIMITS)
        load(session, HANG)
        start = time.monotonic()
        with pytest.raises(CandidateError) as caught:
            ask(session, 0, 0.3)
        assert caught.value.kind == "timeout"
        assert 0.25 < time.monotonic() - start < 0.3 + 2.0
        with pytest.raises(CandidateError):
            ask(session, 0, 0.3)
        assert session.close() == session.close()
        assert run(slot, ECHO, "again") == "again"


def test_other_limits_make_another_supervisor(backend: str) -> None:
    with opened(backend) as slot:
        assert run(slot, ECHO, 1) == 1
        first = slot.current
        assert run(slot, ECHO, 1, replace(LIMITS, memory_mb=700)) == 1
        assert slot.current is not first
        assert run(slot, ECHO, 1, replace(LIMITS, memory_mb=700, call_seconds=9.0)) == 1


def test_three_slots_at_once(backend: str) -> None:
    found: list[int] = []

    def work(number: int) -> None:
        with opened(backend) as slot:
            for k in range(4):
                found.append(run(slot, f"def solve(x):\n    return x + {number}\n", k) - number - k)

    threads = [threading.Thread(target=work, args=(100 * n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [0] * 12


OWNER = """
import sys, time
from tests.sandbox.support import *
from tests.conftest import Variant
slot = Slot(load_backend(sys.argv[1]), "warm", Options(LIMITS, without=tuple(sys.argv[2:])))
session = slot.open(LIMITS)
load(session, '''
import os, time
if os.fork() == 0:
    os.setsid()
    time.sleep(600)
def solve(x):
    while True: pass
''')
print(session._lease.handle.pid, session._lease.folder, flush=True)
ask(session, 0, 60.0)
"""


def test_nothing_outlives_an_owner_that_is_killed(variant: Variant) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, variant.backend, *variant.without], stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout
    pid = int(owner.stdout.readline().split()[0])
    time.sleep(0.1)
    tree = [pid]
    for one in tree:
        tree += base.children(one)
    assert len(tree) >= 3
    owner.kill()
    owner.wait()
    owner.stdout.close()
    assert eventually(lambda: not any(map(exists, tree))), [p for p in tree if exists(p)]


@pytest.mark.docker
def test_no_container_is_left() -> None:
    from sandbox.backends.docker import client
    from tests.conftest import require

    require("docker")

    def mine() -> int:
        filters = {"label": f"evolve.host={os.getpid()}"}
        return len(client().containers.list(all=True, filters=filters, ignore_removed=True))

    assert eventually(lambda: mine() == 0)  # those of earlier tests are on their way out
    with opened("docker") as slot:
        assert run(slot, ECHO, 1) == 1
        assert mine() == 1
    assert eventually(lambda: mine() == 0)


def test_a_closed_slot_opens_nothing(backend: str) -> None:
    with opened(backend) as slot:
        pass
    with pytest.raises(SandboxError, match="closed"):
        slot.open(LIMITS)


def test_names() -> None:
    assert backend_names()[:3] == ["docker", "bubblewrap", "process"]
    with pytest.raises(SandboxError, match="there are: auto, docker"):
        load_backend("vm")
    with pytest.raises(SandboxError, match="warm, fresh"):
        open_sandbox("process", isolation="cold")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "says"),
    [("x = (", "mine.py: SyntaxError"), ("x = 1", "mine.py: AttributeError"), ("Sandboxed = dict", "no subclass")],
)
def test_adding_a_backend_is_adding_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, says: str
) -> None:
    monkeypatch.setattr(backends, "__path__", [*backends.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, "sandbox.backends.mine", raising=False)
    (tmp_path / "_shared.py").write_text("")
    (tmp_path / "mine.py").write_text(text)
    assert backend_names() == ["docker", "bubblewrap", "process", "mine"]
    assert read_config("job_shop", None, {"sandbox": "mine"}).sandbox == "mine"
    with pytest.raises(SandboxError, match=says):
        load_backend("mine")
    (tmp_path / "mine.py").write_text("from sandbox.backends.process import Sandboxed  # a copy")
    sys.modules.pop("sandbox.backends.mine", None)
    assert load_backend("mine").name == "mine"
    assert load_backend("process").name == "process"
    sys.modules.pop("sandbox.backends.mine", None)


def test_auto_takes_the_first_that_works(monkeypatch: pytest.MonkeyPatch) -> None:
    from sandbox.backends import bubblewrap, docker

    monkeypatch.setattr(docker.Sandboxed, "available", lambda self: "no daemon; start it")
    monkeypatch.setattr(bubblewrap.Sandboxed, "available", lambda self: "no bwrap; install it")
    backend, missing = choose_backend()
    assert backend.name == "process"
    assert missing == ["docker: no daemon; start it", "bubblewrap: no bwrap; install it"]
    with pytest.raises(SandboxError, match="no daemon"):
        choose_backend("docker")


def test_a_backend_that_fails_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "interpreter", lambda: "/nonexistent/python")
    with opened("process") as slot, pytest.raises(SandboxError, match="nonexistent"):
        slot.open(Limits())
