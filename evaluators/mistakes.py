"""What an author's code raises by mistake, as one line. `sys.exit` is a mistake there, and ends no run."""

from __future__ import annotations

from evaluators.protocol import located

MISTAKES = (Exception, SystemExit)


def told(error: BaseException) -> str:
    """The error's type and its text."""
    return f"{type(error).__name__}: {' '.join(str(error)[:400].split())}"


def placed(error: BaseException) -> str:
    """As `told`, with the place in the author's code."""
    if isinstance(error, Exception):
        return located(error)
    stand_in = RuntimeError(str(error)).with_traceback(error.__traceback__)
    return type(error).__name__ + located(stand_in).removeprefix("RuntimeError")
