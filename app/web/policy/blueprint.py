"""The blueprint of the policy pages, who may enter them, and what their templates use."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from flask import Blueprint
from flask_babel import gettext as _

from app.policy import labels
from app.policy.labels import Names
from app.services.policies import APPROVERS, EDITORS, READERS
from app.store.queries import policy as rows
from app.web.entry import visitor
from app.web.policy.showing import say
from app.web.problems import language

blueprint = Blueprint("policy", __name__, url_prefix="/policy")
MAY_READ, MAY_EDIT, MAY_DECIDE = (tuple(sorted(groups)) for groups in (READERS, EDITORS, APPROVERS))
STATE_KINDS = {"proposed": "soon", "approved": "ok", "rejected": "late", "withdrawn": ""}


def named(names: Names, code: str) -> str:
    """Return what a code is called in the reader's language."""
    return say(names[code]) if code in names else code


def named_pairs(names: Names) -> list[tuple[str, str]]:
    """Return (code, name) for a select."""
    return [(code, say(name)) for code, name in names.items()]


@blueprint.context_processor
def context() -> dict[str, Any]:
    """Return what the policy templates use."""
    who = visitor()
    groups = who.groups if who is not None else frozenset()
    kind_of: Callable[[str], str] = lambda code: named(labels.KIND_NAMES, code)
    return {
        "say": say, "labels": labels, "named_pairs": named_pairs, "named_code": named, "kind_of": kind_of,
        "may_edit": bool(groups & EDITORS), "may_decide": bool(groups & APPROVERS), "waiting": rows.waiting(),
        "state_kinds": STATE_KINDS, "zh": language() == "zh",
        "field_name": field_name, "until": lambda day: str(day) if day else _("since ever"),
    }


def field_name(key: str) -> str:
    """Return what an input of an entry's form is called, for the list of what is wrong."""
    rule = re.match(r"rule(\d+)_", key)
    if rule:
        return str(_("Rule %(n)s", n=int(rule.group(1)) + 1))
    bound = re.match(r"bound(\d+)_", key)
    if bound:
        return str(_("Clause %(n)s that it bounds", n=int(bound.group(1)) + 1))
    own = {"rest": _("Other figures"), "reason": _("Why"), "effective_from": _("Takes effect on")}
    return str(own.get(key) or say(labels.field_label(key.removesuffix("_n"))))


def page_number(text: str | None) -> int:
    """Return the number of a page from an address; 1 for what is none."""
    return int(text) if text and text.isascii() and text.isdigit() and 0 < len(text) < 7 and int(text) > 0 else 1
