"""The command line. Every expected error is one line on stderr and exit code 2."""

from __future__ import annotations

import errno
import sys
from typing import Any, NoReturn

import typer
from rich.console import Console

from evaluators.problem import ProblemError
from evaluators.protocol import EvaluatorBug
from evolve.archive import ArchiveError
from evolve.asking import StrategyError
from evolve.cards import CardError
from evolve.cli import bench, measure, meter, problems, prompt, publish, review, run, sandbox, show
from evolve.config import ConfigError
from evolve.evaluation import EvaluationError
from evolve.exporting import ExportError
from evolve.plugins import BrokenPlugin, UnknownPlugin
from evolve.prompting import PromptError
from evolve.proposers.base import ProposerError
from evolve.publishing import PublishError
from sandbox.session import SandboxError

EXPECTED = (
    ArchiveError,
    BrokenPlugin,
    CardError,
    ConfigError,
    EvaluationError,
    EvaluatorBug,
    ExportError,
    ProblemError,
    PromptError,
    ProposerError,
    PublishError,
    SandboxError,
    StrategyError,
    UnknownPlugin,
)

UsageError: Any = typer.BadParameter.__bases__[0]  # Typer exports only this kind of it

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Discover scheduling heuristics: a model proposes, a simulator that it cannot touch judges.",
)
for module in (run, prompt, measure, show, review, publish, sandbox, bench, meter):
    module.register(app)
app.add_typer(problems.app, name="problems")
app.add_typer(sandbox.app, name="sandbox")


def main() -> None:
    """Entry point of the `evolve` command."""
    try:
        code = app(prog_name="evolve", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except UsageError as error:
        _misused(error)
    except EXPECTED as error:
        fail(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(0)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS):
            raise
        fail(f"{error.strerror}: {error.filename or 'while writing'}; free some space or choose another place")


def _misused(error: Any) -> None:
    """A command line that makes no sense, in one line; what a group of commands offers, where none was named."""
    message = error.format_message()
    if "\n" in message:
        print(message)
        sys.exit(2)
    at = error.ctx.command_path if error.ctx is not None else "evolve"
    fail(f"{message.rstrip('.')} (see: {at} --help)")


def fail(message: str) -> NoReturn:
    """Print one line and leave with exit code 2."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"error: {' '.join(message.split())}", markup=False)
    sys.exit(2)
