"""Column types and conditions that several tables share."""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer, text

# SQLite autoincrements only INTEGER keys.
Sequence = BigInteger().with_variant(Integer, "sqlite")
OPEN = text("state = 'open'")
UNSEALED = text("chain IS NULL")
FACTS_CHANGED = text("action = 'case:facts:changed'")
