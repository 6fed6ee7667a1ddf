"""A way to conduct runs of a small problem."""

from __future__ import annotations

from tests.engine.conftest import searched as searched
from tests.tiny import tiny as tiny
