"""Runs inside the sandbox, beside the candidate: see `self_scored.py`. Standard library only; it is sent as text.

The constants are set by lines that are appended to this text.
"""

import contextlib
import importlib.util
import inspect
import os
import sys
import tempfile
import traceback
import types
from numbers import Real
from typing import Any

EVALUATOR = ""  # name of the evaluator's file
FILES: dict[str, str] = {}  # name -> text of the evaluator's files
PROGRAM = ""  # the candidate

CANDIDATE = "program.py"


class EvaluationResult:
    """Stands in for openevolve.evaluation_result.EvaluationResult where openevolve is not installed."""

    def __init__(self, metrics: Any = None, artifacts: Any = None) -> None:
        self.metrics = metrics if metrics is not None else {}
        self.artifacts = artifacts if artifacts is not None else {}

    @classmethod
    def from_dict(cls, metrics: Any) -> "EvaluationResult":
        """A result with these metrics."""
        return cls(metrics)

    def to_dict(self) -> Any:
        """Its metrics."""
        return self.metrics

    def has_artifacts(self) -> bool:
        """Whether it has any."""
        return bool(self.artifacts)


def solve(_: Any) -> dict[str, Any]:
    """Evaluate the candidate; {"metrics": numbers, "error": what went wrong or None}."""
    before = os.getcwd(), list(sys.path), set(sys.modules)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        folder = os.path.realpath(folder)
        for name, text in {**FILES, CANDIDATE: PROGRAM}.items():
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8", errors="replace") as file:
                file.write(text)
        try:
            os.chdir(folder)
            sys.path.insert(0, folder)
            return {"metrics": _metrics(_evaluate(folder)), "error": None}
        except MemoryError:
            raise
        except BaseException as error:
            return {"metrics": {}, "error": _explain(error, folder)}
        finally:
            os.chdir(before[0])
            sys.path[:] = before[1]
            for name in set(sys.modules) - before[2]:
                made_here = str(getattr(sys.modules[name], "__file__", None) or "").startswith(folder)
                if made_here or getattr(sys.modules[name], "EvaluationResult", None) is EvaluationResult:
                    del sys.modules[name]


def _evaluate(folder: str) -> Any:
    compile(PROGRAM, os.path.join(folder, CANDIDATE), "exec", dont_inherit=True)
    if importlib.util.find_spec("openevolve") is None:
        _stand_in()
    module_spec = importlib.util.spec_from_file_location("evaluator", os.path.join(folder, EVALUATOR))
    assert module_spec is not None
    assert module_spec.loader is not None
    module = importlib.util.module_from_spec(module_spec)
    sys.modules["evaluator"] = module
    module_spec.loader.exec_module(module)
    if not callable(getattr(module, "evaluate", None)):
        raise AttributeError(f"{EVALUATOR} defines no function evaluate(program_path)")
    result = module.evaluate(os.path.join(folder, CANDIDATE))
    if inspect.iscoroutine(result):
        import asyncio

        result = asyncio.run(result)
    return result


def _stand_in() -> None:
    package, inner = types.ModuleType("openevolve"), types.ModuleType("openevolve.evaluation_result")
    for module in (package, inner):
        module.EvaluationResult = EvaluationResult  # type: ignore[attr-defined]
    package.evaluation_result = inner  # type: ignore[attr-defined]
    package.__path__ = []
    sys.modules["openevolve"], sys.modules["openevolve.evaluation_result"] = package, inner


def _metrics(result: Any) -> dict[str, float]:
    """The numbers among the metrics. Texts and artifacts are printed: the proposer sees what a candidate printed."""
    metrics = getattr(result, "metrics", result)
    if not isinstance(metrics, dict):
        raise TypeError(f"evaluate() returned a {type(result).__name__}; a dict of metrics is needed")
    numbers: dict[str, float] = {}
    texts: dict[str, object] = dict(getattr(result, "artifacts", None) or {})
    for name, value in metrics.items():
        if isinstance(value, Real):
            with contextlib.suppress(OverflowError, ValueError):
                numbers[str(name)] = float(value)
        else:
            texts[str(name)] = value
    for name, text in texts.items():
        print(f"{name}: {str(text)[:2000]}")
    return numbers


def _explain(error: BaseException, folder: str) -> str:
    """The error in a line, and the lines of the candidate and the evaluator that led to it."""
    if isinstance(error, SyntaxError) and error.filename == os.path.join(folder, CANDIDATE):
        return f"the program does not compile: line {error.lineno}: {error.msg}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(folder)]
    lines = [f"  {os.path.basename(f.filename)}, line {f.lineno}, in {f.name}: {f.line}" for f in frames[-4:]]
    return "\n".join([f"evaluate() raised {type(error).__name__}: {str(error)[:400]}", *lines])
