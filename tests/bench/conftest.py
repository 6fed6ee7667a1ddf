"""Fixtures: the small problem and the fake model server."""

from tests.cli.conftest import refused as refused
from tests.cli.conftest import within as within
from tests.fakes.fixtures import *  # noqa: F403
from tests.tiny import tiny as tiny
