"""Which backends work on this machine, and what keeps candidates in."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.pool import backend_names, load_backend, open_sandbox
from sandbox.session import SandboxError


@dataclass(frozen=True)
class BackendStatus:
    """One backend. `detail` is one line: what it runs, or what is missing and what to do about it."""

    name: str
    available: bool
    detail: str
    mechanisms: tuple[str, ...] = ()


def status(image: str | None = None, runtime: str | None = None) -> list[BackendStatus]:
    """All backends, the strongest first; those that work are started once to see how."""
    return [_status(name, image, runtime) for name in backend_names()]


def _status(name: str, image: str | None, runtime: str | None) -> BackendStatus:
    backend = load_backend(name)
    if problem := backend.available():
        return BackendStatus(name, False, problem)
    slot = open_sandbox(backend, image=image, runtime=runtime)
    try:
        hello = slot.hello
    except SandboxError as error:
        return BackendStatus(name, False, str(error))
    finally:
        slot.close()
    found = hello["mechanisms"]
    mechanisms = (*backend.provides, *(map(str, found) if isinstance(found, list) else ()))
    return BackendStatus(name, True, f"Python {hello['python']}, numpy {hello['numpy']}", mechanisms)
