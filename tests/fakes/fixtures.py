"""Fixtures of the fake model server; `from tests.fakes.fixtures import *` in a conftest makes them available."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.fakes.openai_server import FakeServer
from tests.fakes.scripts import Script

__all__ = ["openai_server"]


@pytest.fixture
def openai_server() -> Iterator[Callable[..., FakeServer]]:
    """Start fake servers: `openai_server(script, key=..., models=...)`; they stop when the test ends."""
    with ExitStack() as stack:

        def start(script: Script = (), **options: Any) -> FakeServer:
            return stack.enter_context(FakeServer(script, **options))

        yield start
