"""What a candidate gets, what it may use, and what is known about it afterwards."""

from __future__ import annotations

import pytest

from sandbox.session import CandidateError
from tests.conftest import Variant
from tests.sandbox.support import LIMITS, ask, load, opened, run


def test_what_a_candidate_used_is_reported(variant: Variant) -> None:
    source = """
import time
import numpy
def solve(x):
    global kept
    kept = bytearray(100 << 20)
    end = time.process_time() + 0.3
    while time.process_time() < end:
        pass
    return True
"""
    with opened(variant) as slot:
        session = slot.open(LIMITS)
        load(session, source)
        assert ask(session, 0, 10.0) is True
        report = session.close()
        assert 0.25 < report.cpu_seconds < 3
        assert 100 < report.peak_memory_mb < 400
        session = slot.open(LIMITS)
        load(session, "def solve(x):\n    return 1\n")
        assert session.close().cpu_seconds < 0.25


def test_output_keeps_its_head_and_its_tail(variant: Variant) -> None:
    source = """
import sys
def solve(x):
    print("begins", "é" * 10, file=sys.stderr)
    print("head")
    for _ in range(3000):
        print("." * 100)
    print("tail")
"""
    with opened(variant) as slot:
        session = slot.open(LIMITS)
        load(session, source)
        ask(session, 0)
        report = session.close()
    assert report.stdout.startswith("head\n")
    assert report.stdout.endswith("tail\n")
    assert "bytes left out" in report.stdout
    assert len(report.stdout) < (LIMITS.output_kb << 10) + 100
    assert report.stderr == "begins " + "é" * 10 + "\n"


def test_output_of_a_crash_is_kept(backend: str) -> None:
    with opened(backend) as slot:
        session = slot.open(LIMITS)
        load(session, "import os\ndef solve(x):\n    print('last words', flush=True)\n    os._exit(3)\n")
        with pytest.raises(CandidateError, match="status 3") as caught:
            ask(session, 0)
        assert caught.value.kind == "crashed"
        assert session.close().stdout == "last words\n"


def test_memory_has_a_limit(backend: str) -> None:
    with opened(backend) as slot, pytest.raises(CandidateError) as caught:
        run(slot, "def solve(x):\n    return len(bytearray(1 << 30))\n")
    assert caught.value.kind == "memory"


@pytest.mark.docker
def test_many_processes_share_one_memory_limit() -> None:
    from tests.conftest import require

    require("docker")
    source = """
import os, time
def solve(x):
    for _ in range(6):
        if os.fork() == 0:
            kept = bytearray(300 << 20)
            time.sleep(60)
    kept = bytearray(300 << 20)
    time.sleep(3)
"""
    with opened("docker") as slot:
        session = slot.open(LIMITS)
        load(session, source)
        with pytest.raises(CandidateError) as caught:
            ask(session, 0, 3.0)
        assert caught.value.kind in ("memory", "timeout")
        session.close()
        assert run(slot, "def solve(x):\n    return x\n", 5) == 5


def test_the_environment_is_bare(variant: Variant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "secret")
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    source = "import os\ndef solve(x):\n    return [dict(os.environ), os.getcwd()]\n"
    with opened(variant) as slot:
        found, folder = run(slot, source)
    assert set(found) - {"LC_CTYPE", "LD_LIBRARY_PATH"} == {
        "PATH", "LANG", "HOME", "TMPDIR", "PYTHONHASHSEED", "OPENBLAS_CORETYPE",
        *(f"{name}_NUM_THREADS" for name in ("OPENBLAS", "OMP", "MKL", "NUMEXPR", "VECLIB_MAXIMUM")),
    }  # fmt: skip
    assert found["HOME"] == found["TMPDIR"] == folder


def test_chance_is_the_same_everywhere(backend: str) -> None:
    source = """
import random
import numpy as np
def solve(x):
    return [random.random(), float(np.random.rand()), hash("text"), "".join({"a", "b", "c", "d"})]
"""
    with opened(backend) as slot:
        first = run(slot, source)
        assert first == run(slot, source)
    with opened(backend) as slot:
        assert first == run(slot, source)


def test_threads_of_its_own_are_allowed(variant: Variant) -> None:
    source = """
from concurrent.futures import ThreadPoolExecutor
def solve(x):
    with ThreadPoolExecutor(3) as pool:
        return sum(pool.map(abs, x))
"""
    with opened(variant) as slot:
        assert run(slot, source, [-1, -2, 3]) == 6


def test_temporary_files_are_allowed(variant: Variant) -> None:
    source = """
import tempfile
def solve(x):
    with tempfile.NamedTemporaryFile("w+") as file:
        file.write(x)
        file.seek(0)
        return file.read()
"""
    with opened(variant) as slot:
        assert run(slot, source, "text") == "text"


def test_numpy_works(variant: Variant) -> None:
    source = """
import numpy as np
def solve(x):
    a = np.array(x)
    return {"solved": np.linalg.solve(a, a[0]), "shape": a.shape}
"""
    with opened(variant) as slot:
        answer = run(slot, source, [[2.0, 0.0], [0.0, 4.0]])
    assert answer["solved"].tolist() == [1.0, 0.0]
    assert answer["shape"] == [2, 2]


def test_errors_show_the_candidates_own_lines(backend: str) -> None:
    with opened(backend) as slot, pytest.raises(CandidateError) as caught:
        run(slot, "def helper(x):\n    return x['missing']\n\ndef solve(x):\n    return helper(x)\n", {})
    assert caught.value.kind == "exception"
    assert "KeyError" in caught.value.message
    assert "line 2, in helper: return x['missing']" in caught.value.message


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("def solve(x:\n", "syntax"),
        ("import nothing_of_the_kind", "import"),
        ("def other(x): pass", "missing"),
        ("def solve(x): return {1, 2}", "type"),
        ("def solve(x): raise SystemExit", "exception"),
    ],
)
def test_failures_have_their_kinds(source: str, kind: str) -> None:
    with opened("process") as slot, pytest.raises(CandidateError) as caught:
        run(slot, source)
    assert caught.value.kind == kind
