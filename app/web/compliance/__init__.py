"""What a compliance officer opens each morning: what is new, the policy held against the process, deviations."""

from app.web.compliance import audit, clauses, deviations, matrix, morning, report, reviews, verdicts
from app.web.compliance.blueprint import blueprint

__all__ = ["audit", "blueprint", "clauses", "deviations", "matrix", "morning", "report", "reviews",
           "verdicts"]
