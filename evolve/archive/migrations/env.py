"""Run by alembic: migrates the connection that `evolve.archive.database` hands over."""

# SQLite changes a column by making its table anew (batch_alter_table). A migration that needs this for a table that
# others refer to must be run with foreign_keys off, which SQLite allows only outside a transaction.

from alembic import context

from evolve.archive.schema import VERSION_TABLE, Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,
)
context.run_migrations()
