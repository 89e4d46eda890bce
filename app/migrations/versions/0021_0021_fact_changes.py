"""0021_fact_changes."""

import sqlalchemy as sa
from alembic import op


revision = '0021'
down_revision = '0020'
branch_labels = None
depends_on = None

CHANGED = sa.text("action = 'case:facts:changed'")


def upgrade() -> None:
    """Let the changes of a case's facts be read without the rest of its audit."""
    with op.batch_alter_table('audit', schema=None) as batch_op:
        batch_op.create_index('ix_audit_facts', ['case_id'], unique=False, sqlite_where=CHANGED, postgresql_where=CHANGED)


def downgrade() -> None:
    """Undo."""
    with op.batch_alter_table('audit', schema=None) as batch_op:
        batch_op.drop_index('ix_audit_facts', sqlite_where=CHANGED, postgresql_where=CHANGED)
