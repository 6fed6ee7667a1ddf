"""All candidates of all runs, in SQLite or PostgreSQL."""

from evolve.archive.archive import Archive, new_run_id
from evolve.archive.errors import ArchiveError
from evolve.archive.rows import Event, Usage

__all__ = ["Archive", "ArchiveError", "Event", "Usage", "new_run_id"]
