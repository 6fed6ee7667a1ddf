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
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from types import TracebackType

from evaluators.evaluate import Evaluation, evaluate
from evaluators.problem import Problem, ProblemError, load_problem
from evaluators.protocol import EvaluatorBug
from sandbox.pool import Isolation, open_sandbox
from sandbox.session import Sandbox, SandboxError

_problem: Problem
_sandbox: Sandbox


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


def _evaluate(source: str, split: str, positions: Sequence[int] | None, relabelling: int) -> Evaluation | str:
    """Runs in an evaluator process. A failure of the trusted side comes back as a line of text."""
    try:
        return evaluate(_problem, source, split, _sandbox, positions, relabelling)
    except (EvaluatorBug, SandboxError, ProblemError) as error:
        return str(error)
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__} in {Path(last.filename).name}:{last.lineno}: {error}"


class EvaluationPool:
    """Evaluates programs of one problem, up to `workers` at a time. An async context manager."""

    def __init__(self, problem: Problem, backend: str, isolation: Isolation, workers: int) -> None:
        self.workers = workers
        self._arguments = (str(problem.folder), backend, isolation)
        self._executor = self._launch()

    def _launch(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self.workers, context, _start, self._arguments)

    async def evaluate(
        self, source: str, split: str, positions: Sequence[int] | None = None, relabelling: int = 0
    ) -> Evaluation:
        """Evaluate a program; see `evaluators.evaluate`. Raises EvaluationError when the trusted side fails."""
        loop = asyncio.get_running_loop()
        for last in (False, True):
            executor = self._executor
            try:
                result = await loop.run_in_executor(executor, _evaluate, source, split, positions, relabelling)
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
