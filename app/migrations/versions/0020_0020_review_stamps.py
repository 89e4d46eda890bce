"""0020_review_stamps."""

import sqlalchemy as sa
from alembic import op
import app.store.base


revision = '0020'
down_revision = '0019'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table('review_stamp',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('clause', sa.String(length=40), nullable=False),
    sa.Column('digest', sa.String(length=12), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('at', app.store.base.Utc(timezone=True), nullable=False),
    sa.Column('by', sa.String(length=80), nullable=False),
    sa.Column('over', sa.String(length=40), nullable=False),
    sa.Column('seen', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_review_stamp'))
    )
    op.create_index('ix_review_stamp_clause', 'review_stamp', ['clause', 'id'], unique=False)
    if op.get_bind().dialect.name == 'postgresql':  # SQLite keeps no lengths; "disposition" has eleven letters
        op.alter_column('policy_change', 'kind', existing_type=app.store.base.State(length=10),
                        type_=app.store.base.State(length=12), existing_nullable=False)


def downgrade() -> None:
    """Take back; no proposal may be of a disposition then."""
    op.drop_index('ix_review_stamp_clause', table_name='review_stamp')
    op.drop_table('review_stamp')
    if op.get_bind().dialect.name == 'postgresql':
        op.alter_column('policy_change', 'kind', existing_type=app.store.base.State(length=12),
                        type_=app.store.base.State(length=10), existing_nullable=False)
