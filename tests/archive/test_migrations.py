"""Older archives are brought up to date, newer ones are refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from evolve.archive import Archive, ArchiveError, database, schema
from tests.archive import samples
from tests.archive.conftest import OneLine

MIGRATIONS = Path(database.__file__).parent / "migrations"

NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "{new}"
down_revision = "{old}"


def upgrade() -> None:
    with op.batch_alter_table("runs") as table:
        table.add_column(sa.Column("label", sa.Text, nullable=False, server_default="none"))
    {more}
"""


def _pretend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: str) -> str:
    """Be a version of the program with one more migration, which also does `more`."""
    head, new = schema.REVISIONS[-1], f"{int(schema.REVISIONS[-1]) + 1:04d}"
    shutil.copytree(MIGRATIONS, tmp_path / "50% more" / "migrations")
    folder = tmp_path / "50% more" / "migrations" / "versions"
    (folder / f"{new}_next.py").write_text(NEXT.format(old=head, new=new, more=more))
    monkeypatch.setattr(database, "__file__", str(tmp_path / "50% more" / "database.py"))
    monkeypatch.setattr(database, "REVISIONS", (*schema.REVISIONS, new))
    return new


def version(archive: Archive) -> str:
    with archive._reading() as connection:
        return str(connection.execute(text(f"SELECT version_num FROM {schema.VERSION_TABLE}")).scalar())


def test_revisions_are_those_of_the_scripts() -> None:
    scripts = ScriptDirectory(str(MIGRATIONS))
    assert tuple(script.revision for script in scripts.walk_revisions())[::-1] == schema.REVISIONS


def test_migrations_make_the_schema_of_the_models(archive: Archive) -> None:
    with archive._reading() as connection:
        options = {"version_table": schema.VERSION_TABLE, "compare_type": True}
        difference = compare_metadata(MigrationContext.configure(connection, opts=options), schema.Base.metadata)
    assert difference == []
    assert version(archive) == schema.REVISIONS[-1]


def test_an_older_archive_is_upgraded(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made by this version, with data; opened by the next."""
    with Archive.open(url) as archive:
        archive.create_run(samples.run())
        archive.save_candidate(samples.candidate(1), {"train": samples.results()})
    new = _pretend(tmp_path, monkeypatch, "pass")
    with Archive.open(url) as archive:
        assert version(archive) == new
        assert archive.run("k3f9qz") == samples.run()
        assert archive.results("k3f9qz-1", "train") == samples.results()
        with archive._reading() as connection:
            assert connection.execute(text("SELECT label FROM runs")).scalar() == "none"
    with Archive.open(url) as archive:
        assert version(archive) == new


def test_a_failed_upgrade_changes_nothing(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Archive.open(url) as archive:
        archive.create_run(samples.run())
    with monkeypatch.context() as pretended:
        _pretend(tmp_path, pretended, 'op.execute("SELECT 1 FROM nowhere")')
        with pytest.raises(ArchiveError, match="nowhere"):
            Archive.open(url)
    with Archive.open(url) as archive:
        assert version(archive) == schema.REVISIONS[-1]
        assert archive.runs() == [samples.run()]


def test_a_newer_archive_is_refused(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one_line: OneLine
) -> None:
    with monkeypatch.context() as pretended:
        new = _pretend(tmp_path, pretended, "pass")
        Archive.open(url).close()
    with pytest.raises(ArchiveError) as caught:
        Archive.open(url)
    told = one_line(caught.value)
    assert f"was written by a newer version (its schema is {new}, this version knows {schema.REVISIONS[-1]})" in told
    assert "upgrade evolve" in told
