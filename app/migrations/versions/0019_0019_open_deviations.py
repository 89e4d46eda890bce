"""0019_open deviations: their index in the order in which they are listed."""

from alembic import op
from sqlalchemy import text

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None

OPEN = text("state <> 'closed'")


def upgrade() -> None:
    """Apply."""
    op.drop_index('ix_deviation_open', table_name='deviation')
    op.create_index('ix_deviation_open', 'deviation', ['kind', 'found_at', 'id', 'state'],
                    sqlite_where=OPEN, postgresql_where=OPEN)


def downgrade() -> None:
    """Take back."""
    op.drop_index('ix_deviation_open', table_name='deviation')
    op.create_index('ix_deviation_open', 'deviation', ['kind', 'state', 'found_at'],
                    sqlite_where=OPEN, postgresql_where=OPEN)
