from tests.cli.conftest import refused as refused
from tests.cli.conftest import within as within
from tests.engine.conftest import searched as searched
from tests.fakes.fixtures import *  # noqa: F403
from tests.tiny import tiny as tiny
