"""Archives to test on: SQLite files, and a PostgreSQL server of our own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from evolve.archive import Archive
from tests.conftest import miss

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


def _command(*words: str | Path) -> None:
    """Run a command of PostgreSQL, which refuses to be root."""
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    done = subprocess.run([*user, *map(str, words)], cwd="/", capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """A PostgreSQL server in a temporary folder: its URL without a database, `postgresql://…:port/`."""
    found = BINARIES[-1] if BINARIES else (Path(path).parent if (path := shutil.which("initdb")) else None)
    if found is None:
        miss("postgresql", "not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="evolve-pg-", dir="/tmp"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres")
        data = folder / "data"
        _command(found / "initdb", "-D", data, "-A", "trust", "-U", "tester", "-E", "UTF8", "--no-sync")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c fsync=off -c unix_socket_directories={folder}"
        _command(found / "pg_ctl", "-D", data, "-o", options, "-l", folder / "log", "-w", "start")
        try:
            yield f"postgresql://tester@127.0.0.1:{port}/"
        finally:
            _command(found / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgresql_url(postgresql_server: str) -> str:
    """An empty database on the server."""
    import psycopg

    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(postgresql_server + "postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return postgresql_server + name


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an archive can be made, on either database."""
    return str(tmp_path / "a.db") if request.param == "sqlite" else str(request.getfixturevalue("postgresql_url"))


@pytest.fixture
def archive(url: str) -> Iterator[Archive]:
    with Archive.open(url) as opened:
        yield opened


@pytest.fixture
def sqlite_archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive.open(tmp_path / "a.db") as opened:
        yield opened


OneLine = Callable[[BaseException], str]


@pytest.fixture
def one_line() -> OneLine:
    """Check that an error is one line without the names of a library's classes, and return it."""

    def check(error: BaseException) -> str:
        text = str(error)
        assert "\n" not in text
        assert len(text) < 400
        assert "sqlalchemy" not in text.lower()
        assert "sqlalche.me" not in text
        return text

    return check
