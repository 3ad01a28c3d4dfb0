"""Form 1 did not know which requests had been acted on."""

import sqlalchemy as sa
from alembic.operations import Operations


def upgrade(op: Operations) -> None:
    """No request has been noted yet."""
    op.create_table(
        "ls_once",
        sa.Column("request", sa.Text, primary_key=True),
        sa.Column("answer", sa.Text, nullable=False),
    )
