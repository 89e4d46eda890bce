"""What a bundle lacks to run: every finding names file, element, line and rule, with advice in both languages."""

from app.engine.lint.checking import check

__all__ = ["check"]
