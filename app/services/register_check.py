"""The check of the register below a root: its files by their schema, and its figures against the law's."""

from __future__ import annotations

from pathlib import Path

from app.errors import Finding, Refused
from app.policy.checks import check_register
from app.policy.law import looser_than_law
from app.policy.register import read_register


def check_register_tree(root: Path) -> list[Finding]:
    """Return what is wrong with the register below `root`; a figure looser than the law is a warning."""
    found = check_register(root)
    try:
        register = read_register(root)
    except Refused as refused:
        return found or list(refused.findings)
    except (KeyError, TypeError, ValueError, AttributeError):
        return found  # the schema has said what is wrong
    return found + [
        Finding("processes/policy/law.yaml", one.rule, None, "looser_than_law", "info" if one.replaced else "warning",
                one.message_zh, one.message_en) for one in looser_than_law(register)]
