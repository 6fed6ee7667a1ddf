"""The connection to an archive: where it is, how it is opened, which schema it has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from evolve.archive.errors import CAUGHT, ArchiveError, explain, place
from evolve.archive.schema import REVISIONS, VERSION_TABLE

BUSY_SECONDS = 30
DEFAULT = "evolve.db"


class Database:
    """An engine whose schema is this version's. Errors leave it as ArchiveError."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writer = engine.execution_options(evolve_write=True)
        self.url = engine.url.render_as_string(hide_password=True)

    def close(self) -> None:
        """Release the connections."""
        with translated(self._engine.url):
            self._engine.dispose()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """A transaction that reads: all its statements see the same state."""
        with translated(self._engine.url), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """A transaction that writes: on disk when the block ends, or not at all."""
        with translated(self._engine.url), self._writer.begin() as connection:
            yield connection


@contextmanager
def translated(url: URL) -> Iterator[None]:
    """Turn every error of the database into one line."""
    try:
        yield
    except CAUGHT as error:
        raise explain(error, url) from error


def connect(where: str | Path | None, create: bool) -> Engine:
    """Open an archive by URL or path, bring its schema up to date, and return its engine."""
    url = locate(where)
    file = url.database if url.get_backend_name() == "sqlite" else None
    if file and not create and not Path(file).exists():
        raise ArchiveError(f"there is no archive {file}; name it with --archive, or start a run")
    with translated(url):
        engine = create_engine(url, **_options(url))
        if url.get_backend_name() == "sqlite":
            _prepare_sqlite(engine)
        try:
            _upgrade(engine)
        except BaseException:
            engine.dispose()
            raise
    return engine


def locate(where: str | Path | None) -> URL:
    """The database URL that a path or URL stands for."""
    name = str(where or DEFAULT)
    if "://" not in name:
        return URL.create("sqlite", database=str(Path(name).expanduser().absolute()))
    try:
        url = make_url(name)
    except (ArgumentError, ValueError) as error:  # ValueError is for a bad port
        raise ArchiveError("not a database URL; expected postgresql://user@host/database or a file name") from error
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
    return url


def _options(url: URL) -> dict[str, Any]:
    if url.get_backend_name() == "sqlite":
        return {"connect_args": {"timeout": BUSY_SECONDS}}
    if url.get_backend_name() == "postgresql":
        return {"pool_pre_ping": True, "connect_args": {"connect_timeout": 10}}
    return {}


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # the driver's own BEGIN comes too late; ours is below
        # In WAL mode NORMAL loses nothing when the process is killed; FULL would add an fsync per commit, against
        # power cuts alone.
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that reads first and then writes cannot wait for another writer: ask for the lock at once.
        writes = connection.get_execution_options().get("evolve_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _upgrade(engine: Engine) -> None:
    with engine.begin() as connection:
        if _current(connection) == REVISIONS[-1]:
            return
    with engine.execution_options(evolve_write=True).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": VERSION_TABLE})
        if _current(connection) != REVISIONS[-1]:  # another process may have been faster
            _migrate(connection)


def _current(connection: Connection) -> str | None:
    """The revision of the schema, None for an empty database."""
    tables = inspect(connection).get_table_names()
    if VERSION_TABLE not in tables:
        if tables and connection.dialect.name == "sqlite":
            raise ArchiveError(f"{place(connection.engine.url)} is a database, but not an archive; name another file")
        return None
    revision = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()
    if revision is not None and revision not in REVISIONS:
        raise ArchiveError(
            f"archive {place(connection.engine.url)} was written by a newer version (its schema is {revision}, this "
            f"version knows {REVISIONS[-1]}); upgrade evolve, or name another archive"
        )
    return None if revision is None else str(revision)


def _migrate(connection: Connection) -> None:
    # alembic takes longer to import than an archive to open.
    from alembic import command
    from alembic.config import Config

    config = Config()
    folder = Path(__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
