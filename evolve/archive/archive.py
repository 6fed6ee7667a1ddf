"""The archive: all candidates of all runs, in one database."""

from __future__ import annotations

import secrets
import shlex
from pathlib import Path
from types import TracebackType
from typing import Self

from evolve.archive.browsing import Browser
from evolve.archive.database import connect, locate
from evolve.archive.frames import Frames
from evolve.archive.reading import Reader
from evolve.archive.sessions import Sessions
from evolve.archive.writing import Writer

# Lower case and digits, without the ones that are easily misread.
LETTERS = "abcdefghjkmnpqrstvwxyz"
ALPHABET = LETTERS + "23456789"


class Archive(Writer, Reader, Browser, Frames, Sessions):
    """All candidates of all runs. Synchronous; several processes may read while one writes.

    Whatever goes wrong with the database leaves every method as an ArchiveError of one line.
    """

    @classmethod
    def open(cls, where: str | Path | None = None, create: bool = True) -> Archive:
        """Open an archive by path or SQLAlchemy URL, `evolve.db` in the current folder by default.

        One that does not exist is created, unless `create` is false; an older one is brought up to date.
        """
        return cls(connect(where, create))

    @staticmethod
    def default_url() -> str:
        """Where `open` looks when it is told nothing."""
        return locate(None).render_as_string()

    @property
    def option(self) -> str:
        """What commands need to be told, with a space before it, to look here; nothing where they do so anyway."""
        return "" if self.url == self.default_url() else f" --archive {shlex.quote(self.url)}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def new_run_id() -> str:
    """A short id that is easy to read and type, and that no other run has."""
    return secrets.choice(LETTERS) + "".join(secrets.choice(ALPHABET) for _ in range(5))
