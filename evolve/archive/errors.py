"""What can go wrong with an archive, in one line each."""

from __future__ import annotations

from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, NoSuchModuleError, SQLAlchemyError

CAUGHT = (SQLAlchemyError, ModuleNotFoundError)


class ArchiveError(Exception):
    """The archive cannot do what was asked: one line that says what, where, and what to do."""


# Part of a driver's message -> what to tell the user. SQLite's messages are fixed strings of its C library;
# PostgreSQL's are matched by SQLSTATE where the server answered, and by libpq's text where it did not.
SQLITE = {
    "database or disk is full": "the disk is full; free some space, then `evolve resume`",
    "disk i/o error": "the disk does not take the data (full, over quota, or failing); what was committed is safe",
    "unable to open database file": "cannot be opened; does the folder exist, and may you write there?",
    "readonly database": "is read-only; check the permissions of the file and of its folder",
    "file is not a database": "is not an SQLite database; name another file",
    "malformed": "is corrupt; `sqlite3 FILE .recover` saves what can be read",
    "could not decode to utf-8": "is corrupt; `sqlite3 FILE .recover` saves what can be read",
    "database is locked": "is being written by another process that does not let go",
}
SQLSTATES = {
    "53100": "the server's disk is full; free some space, then `evolve resume`",
    "28P01": "the server refuses this user or password",
    "28000": "the server refuses this user",
    "3D000": "the server has no such database; create it with `createdb`",
    "42501": "this user may not do that on the server",
    "25006": "the server is read-only",
}
REACH = {
    "password authentication failed": SQLSTATES["28P01"],
    "no password supplied": SQLSTATES["28P01"],
    "does not exist": "the server has no such database or user",
}


def explain(error: BaseException, url: URL) -> ArchiveError:
    """Turn an error of SQLAlchemy or of a driver into one line."""
    where = f"archive {place(url)}"
    if isinstance(error, NoSuchModuleError):
        return ArchiveError(f"{where}: no database is called {url.drivername!r}; use sqlite:/// or postgresql://")
    if isinstance(error, ModuleNotFoundError):
        hint = "pip install 'evolve[postgresql]'" if url.get_backend_name() == "postgresql" else "install it with pip"
        return ArchiveError(f"{where}: the driver {error.name} is missing; {hint}")
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    text = first_line(cause)
    if url.get_backend_name() == "sqlite":
        for part, meaning in SQLITE.items():
            if part in text.lower():
                return ArchiveError(f"{where}: {meaning}")
    state = getattr(cause, "sqlstate", None)
    if state in SQLSTATES:
        return ArchiveError(f"{where}: {SQLSTATES[state]} ({text})")
    if url.get_backend_name() == "postgresql" and state is None and isinstance(error, DBAPIError):
        known = [meaning for part, meaning in REACH.items() if part in str(cause)]
        return ArchiveError(f"{where}: {known[0] if known else 'cannot reach the server'} ({text})")
    return ArchiveError(f"{where}: {text}")


def place(url: URL) -> str:
    """Where the archive is: the file, or the server's URL without its password."""
    if url.get_backend_name() == "sqlite" and url.database:
        return url.database
    return url.render_as_string(hide_password=True)


def first_line(error: BaseException) -> str:
    """The first line of an error's text, or its kind where it has none."""
    lines = str(error).strip().splitlines()
    return lines[0].strip() if lines else type(error).__name__
