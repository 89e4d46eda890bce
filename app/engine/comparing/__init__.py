"""Comparing: everything that two bundles differ in, in words that a process owner understands.

Every attribute and text of a file belongs to exactly one part (an element, a rule, a field), so nothing can hide.
"""

from app.engine.comparing.bundles import Change, Comparison, FileDifference, compare, compare_files

__all__ = ["Change", "Comparison", "FileDifference", "compare", "compare_files"]
