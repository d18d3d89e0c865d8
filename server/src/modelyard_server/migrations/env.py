"""Alembic's entry point; always runs on a connection that `state.upgrade` hands over."""

from alembic import context

from modelyard_server.app import load_models
from modelyard_server.kernel.db import Base
from modelyard_server.migrations import state

load_models()
connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=True,
    compare_type=False,
    include_object=state.belongs_on(connection),
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
