"""Every hostile program, in every kind of sandbox, and an honest one in the same slot after it."""

from __future__ import annotations

import ast
import os
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evaluators.evaluate import Evaluation, evaluate
from evaluators.problem import Problem, load_problem
from sandbox.backends.base import Options, children
from sandbox.client import Lease
from sandbox.pool import Slot, load_backend
from sandbox.session import BUSY, InProcessSandbox, Limits
from tests.conftest import Variant, miss

HERE = Path(__file__).parent
PROGRAMS = sorted(path.stem for path in (HERE / "programs").glob("*.py"))
CALL_SECONDS = 0.6
LIMITS = Limits(call_seconds=CALL_SECONDS, instance_seconds=0.001, memory_mb=512, disk_mb=8, processes=12, output_kb=8)
RULES = {
    "honest": "def decide(o):\n    j = o['jobs']\n    return min(range(len(j)), key=lambda i: j[i][0] / j[i][1])\n",
    "first": "def decide(o):\n    return 0\n",
}
TOML = """
title = "Weighted completion"
family = "test"
interface = "{form}"
evaluator = "weighted:Weighted"
parameters = {{ form = "{form}" }}
splits.train = {{ count = 3 }}
splits.validation = {{ count = 1 }}
splits.test = {{ count = 1 }}
limits = {{ call_seconds = {l.call_seconds}, instance_seconds = {l.instance_seconds}, memory_mb = {l.memory_mb}, \
disk_mb = {l.disk_mb}, processes = {l.processes}, output_kb = {l.output_kb} }}
reference = {{ kind = "baseline", source = "none" }}
"""


def metadata(source: str) -> dict[str, Any]:
    """The constants at the top of a program."""
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id.isupper():
            try:
                found[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                continue
    return found


@pytest.fixture(scope="session")
def problems(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Problem]:
    """The tiny problem in its three forms."""
    made = {}
    for form in ("decide", "priority", "solve"):
        folder = tmp_path_factory.mktemp(form)
        (folder / "problem.toml").write_text(TOML.format(form=form, l=LIMITS))
        (folder / "statement.md").write_text(f"def {form}(x):")
        (folder / "initial.py").write_text("")
        (folder / "weighted.py").write_bytes((HERE / "weighted.py").read_bytes())
        made[form] = load_problem(str(folder))
    return made


@pytest.fixture(scope="session")
def costs(problems: dict[str, Problem]) -> dict[str, list[float]]:
    """What the plain rules cost, without any sandbox."""
    found = {}
    for name, source in RULES.items():
        result = evaluate(problems["decide"], source, "train", InProcessSandbox())
        assert result.valid
        found[name] = [one.cost for one in result.results]
    assert found["honest"] != found["first"]
    return found


@pytest.fixture(scope="session")
def bait(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What hostile programs are after: a key, a file and an open port of the host."""
    canary = tmp_path_factory.mktemp("bait") / "secret"
    canary.write_text("secret")
    os.environ["EVOLVE_CANARY_KEY"] = "secret"
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield {
            "@CANARY@": str(canary),
            "@PROJECT@": str(HERE.parent.parent),
            "@HOME@": str(Path.home()),
            "@TMP@": tempfile.gettempdir(),
            "@HOSTPID@": str(os.getpid()),
            "@PORT@": str(listener.getsockname()[1]),
        }
    del os.environ["EVOLVE_CANARY_KEY"]


@pytest.fixture(scope="module")
def slot(variant: Variant, bait: dict[str, str]) -> Iterator[Slot]:
    """One slot for all programs: what one does to it, the next would feel."""
    made = Slot(load_backend(variant.backend), "warm", Options(LIMITS, without=variant.without))
    if variant.mode and made.hello["mode"] != variant.mode:
        made.close()
        miss(variant.id, f"the kernel gives {made.hello['mode']} instead of {variant.mode}")
    yield made
    made.close()


def test_there_are_enough() -> None:
    assert len(PROGRAMS) >= 28


@pytest.mark.parametrize("name", PROGRAMS)
def test_hostile(
    name: str,
    variant: Variant,
    slot: Slot,
    problems: dict[str, Problem],
    costs: dict[str, list[float]],
    bait: dict[str, str],
) -> None:
    source = (HERE / "programs" / f"{name}.py").read_text()
    for place, value in bait.items():
        source = source.replace(place, value)
    meta = metadata(source)
    if meta.get("BOMB") and variant.mode == "session" and os.geteuid() == 0:
        pytest.skip("root's processes have no limit here; see sandbox/README.md")
    expected = meta["EXPECT"].get(variant.id, meta["EXPECT"]["default"])
    problem = problems[meta.get("FORM", "decide")]
    for _ in range(2 if meta.get("TWICE") else 1):
        start = time.monotonic()
        result = evaluate(problem, source, "train", slot)
        elapsed = time.monotonic() - start
        outcome = result.failure.kind if result.failure else "valid"
        assert outcome in ([expected] if isinstance(expected, str) else expected), result.failure
        assert elapsed < CALL_SECONDS * BUSY + 2.0  # on a busy machine; on an idle one its limit ends it
        if outcome == "valid":
            assert [one.cost for one in result.results] == costs[meta.get("SAME_AS", "honest")]
        assert len(result.report.stdout) + len(result.report.stderr) < 2 * (LIMITS.output_kb << 10) + 200
    _nothing_is_left(slot)
    assert not any(Path(path).exists() for path in meta.get("CREATES", ()))
    after: Evaluation = evaluate(problems["decide"], RULES["honest"], "train", slot)
    assert after.failure is None
    assert [one.cost for one in after.results] == costs["honest"]


def _nothing_is_left(slot: Slot) -> None:
    """In the process tree of the slot's supervisor there is nothing but it and the process that waits for the next."""
    if slot.current is None:
        return  # it was replaced, with all that was in it
    slot.current.settle()
    deadline = time.monotonic() + 1.0
    while len(tree := _tree(slot.current)) > _idle(slot.current):
        assert time.monotonic() < deadline, f"left behind: {tree}"
        time.sleep(0.02)


def _tree(lease: Lease) -> list[int]:
    found = [lease.handle.pid]
    for pid in found:
        found += children(pid)
    return found


def _idle(lease: Lease) -> int:
    """How many processes a supervisor and a candidate are: each of them has another before it in namespaces."""
    outer = 2 if lease.backend == "bubblewrap" or "own namespaces and root" in str(lease.hello["mechanisms"]) else 1
    return outer + (2 if lease.hello["mode"] == "namespaces" else 1)
