"""The pages on which compliance keeps the register of the written policy."""

from app.web.policy import clauses, documents, importing, laws, proposals
from app.web.policy.blueprint import blueprint

__all__ = ["blueprint", "clauses", "documents", "importing", "laws", "proposals"]
