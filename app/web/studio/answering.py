"""Findings and errors as the editors' scripts read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response as FlaskResponse
from flask import jsonify

from app.errors import ChengnuoError, Conflict, Finding, Invalid, Refused
from app.store.queries import people
from app.web.answers import by_field, said
from app.web.problems import STATUS, language
from app.web.shell import moment


def as_rows(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Return findings in the reader's language, the worst first."""
    order = {"error": 0, "warning": 1, "info": 2}
    ranked = sorted(findings, key=lambda one: order.get(one.severity, 3))
    return [{"element": one.element, "line": one.line, "rule": one.rule, "severity": one.severity,
             "message": one.message(language())} for one in ranked]  # fmt: skip


def problem(error: ChengnuoError) -> FlaskResponse:
    """Return an error as the editors read it."""
    body: dict[str, Any] = {"message": said(error), "code": error.code}
    if isinstance(error, Refused):
        body["findings"] = as_rows(error.findings)
    if isinstance(error, Invalid):
        body["errors"] = dict(by_field(error))
    if isinstance(error, Conflict) and "revision" in error.detail:
        by = error.detail.get("by")
        body |= {"revision": error.detail["revision"], "theirs": error.detail.get("theirs"),
                 "by": people.display_names([by]).get(by, by) if by else "", "at": moment(error.detail.get("at"))}
    answer = jsonify(body)
    answer.status_code = STATUS.get(error.code, 500)
    return answer
