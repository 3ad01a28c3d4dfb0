"""Form 0 knew a run's inputs only, not the tables that accepting it replaces."""

import sqlalchemy as sa
from alembic.operations import Operations


def upgrade(op: Operations) -> None:
    """What a run rests on begins as what it read."""
    op.add_column("ls_run", sa.Column("basis", sa.Text, nullable=False, server_default="{}"))
    run = sa.table("ls_run", sa.column("basis"), sa.column("inputs"))
    op.execute(run.update().values(basis=run.c.inputs))
