"""Trusted evaluator processes, each with the problem's simulator and one sandbox slot of its own.

Simulators are Python and hold the interpreter's lock, so evaluations that are to run side by side need processes.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from evaluators.evaluate import Evaluation, evaluate
from evaluators.parting import Inspection, inspect
from evaluators.problem import Problem, ProblemError, load_problem
from evaluators.protocol import EvaluatorBug
from evaluators.staging import Gate
from sandbox.pool import Isolation, open_sandbox
from sandbox.session import Sandbox, SandboxError

STRAGGLER, STRAGGLER_SECONDS = 8.0, 20.0  # times the usual, and seconds at least: then an evaluation is a straggler

_problem: Problem
_sandbox: Sandbox

Result = TypeVar("Result")


class EvaluationError(Exception):
    """The trusted side failed (a bug of the evaluator, a sandbox that cannot be started): one line; ends the run."""


def _start(folder: str, backend: str, isolation: Isolation) -> None:
    """Set an evaluator process up. Ctrl-C is the parent's to handle; when the parent dies, so does this process."""
    global _problem, _sandbox
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    _problem = load_problem(folder)
    _sandbox = open_sandbox(backend, isolation, image=_problem.spec.image, runtime=_problem.spec.runtime)


def _leave(*_: object) -> None:
    """Give the sandbox back, whatever the evaluation is doing; the parent does not wait for its result."""
    with contextlib.suppress(Exception):
        _sandbox.close()
    os._exit(0)


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        _leave()


def _evaluate(
    source: str, split: str, positions: Sequence[int] | None, relabelling: int, gate: Gate | None
) -> Evaluation | str:
    return _attempt(lambda: evaluate(_problem, source, split, _sandbox, positions, relabelling, gate))


def _inspect(source: str, rival: str | None, split: str, position: int) -> Inspection | str:
    return _attempt(lambda: inspect(_problem, source, rival, split, position, _sandbox))


def _attempt(task: Callable[[], Result]) -> Result | str:
    """Runs in an evaluator process. A failure of the trusted side comes back as a line of text."""
    try:
        return task()
    except (EvaluatorBug, SandboxError, ProblemError) as error:
        return str(error)
    except (Exception, SystemExit) as error:  # of an author's code, which must not end this process
        last = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__} in {Path(last.filename).name}:{last.lineno}: {error}"


def _dropped(late: asyncio.Future[Any]) -> None:
    """The other one of a pair was faster, or the search has ended: what became of this one is of no interest."""
    if not late.cancelled():
        late.exception()


class EvaluationPool:
    """Evaluates programs of one problem, up to `workers` at a time. An async context manager."""

    def __init__(self, problem: Problem, backend: str, isolation: Isolation, workers: int) -> None:
        self.workers = workers
        self._arguments = (str(problem.folder), backend, isolation)
        self._executor = self._launch()
        self._running = 0
        self._usual: dict[tuple[str, object], float] = {}  # seconds that such a task took lately

    def _launch(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("forkserver")  # loads this module once for all: half a second each
        context.set_forkserver_preload([__name__])
        return ProcessPoolExecutor(self.workers, context, _start, self._arguments)

    async def evaluate(
        self,
        source: str,
        split: str,
        positions: Sequence[int] | None = None,
        relabelling: int = 0,
        gate: Gate | None = None,
    ) -> Evaluation:
        """Evaluate a program; see `evaluators.evaluate`. Raises EvaluationError when the trusted side fails."""
        return await self._run(_evaluate, source, split, positions, relabelling, gate)

    async def inspect(self, source: str, rival: str | None, split: str, position: int) -> Inspection:
        """Play one instance beside another program; see `evaluators.parting`. Raises EvaluationError."""
        return await self._run(_inspect, source, rival, split, position)

    async def _run(self, task: Callable[..., Result | str], *arguments: object) -> Result:
        for last in (False, True):
            executor = self._executor
            try:
                result = await self._timely(executor, task, arguments)
            except BrokenProcessPool:
                # An evaluator process died (out of memory, killed): start anew, and try this program once more.
                if last:
                    raise EvaluationError(
                        "an evaluator process died twice: run `evolve doctor`, or lower --parallel"
                    ) from None
                if self._executor is executor:
                    executor.shutdown(wait=False)
                    self._executor = self._launch()
            else:
                if isinstance(result, str):
                    raise EvaluationError(result)
                return result
        raise AssertionError("unreachable")

    async def _timely(
        self, executor: ProcessPoolExecutor, task: Callable[..., Result | str], arguments: tuple[object, ...]
    ) -> Result | str:
        """One that takes much longer than usual while a process idles is started there, too; the first to end counts.
        They give the same result, so nothing depends on which it is."""
        loop = asyncio.get_running_loop()
        kind, start = (task.__name__, arguments[1] if task is _evaluate else None), loop.time()
        running = {loop.run_in_executor(executor, task, *arguments)}
        self._running += 1
        try:
            usual = self._usual.get(kind)
            patience = None if usual is None or self.workers < 2 else max(STRAGGLER_SECONDS, STRAGGLER * usual)
            done, _ = await asyncio.wait(running, timeout=patience)
            if not done and self._running < self.workers:
                running.add(loop.run_in_executor(executor, task, *arguments))
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            seconds = loop.time() - start
            self._usual[kind] = seconds if usual is None else 0.9 * usual + 0.1 * seconds
            return done.pop().result()
        finally:
            self._running -= 1
            for one in running:
                one.add_done_callback(_dropped)

    async def __aenter__(self) -> EvaluationPool:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the evaluator processes and their sandboxes."""
        processes = list((getattr(self._executor, "_processes", None) or {}).values())
        self._executor.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()
        for process in processes:
            process.join(5)
            if process.is_alive():
                process.kill()
