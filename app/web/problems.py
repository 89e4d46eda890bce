"""Errors become HTTP here and nowhere else: problem documents (RFC 9457) for the API, a page for people."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from flask import Flask, Response, current_app, jsonify, make_response, render_template, request
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from app.errors import ChengnuoError, Invalid, Refused
from app.services.file_checks import MAX_BYTES
from app.web.limits import wait_seconds

log = logging.getLogger(__name__)
PROBLEM = "application/problem+json"
STATUS = {"not_found": 404, "not_allowed": 403, "not_signed_in": 401, "sign_in_refused": 401, "conflict": 409,
          "busy": 503, "invalid": 422, "refused": 422, "expression": 422, "bad_duration": 422, "step_failed": 500,
          "handler_failed": 502, "bad_request": 400, "unsupported_media_type": 415}


def install(app: Flask) -> None:
    """Answer every error of the application in one way."""
    app.register_error_handler(ChengnuoError, answer_error)
    app.register_error_handler(CSRFError, answer_csrf)
    app.register_error_handler(HTTPException, answer_http)
    if not app.testing:  # a test wants to see what broke
        app.register_error_handler(Exception, answer_unexpected)


def language() -> str:
    """Return "zh" or "en": the language of this request."""
    return "zh" if str(get_locale() or "zh").startswith("zh") else "en"


def titles() -> dict[int, str]:
    """Return the title of each status, in the language of this request."""
    return {
        400: _("The request can't be read"), 401: _("Sign in first"), 403: _("Not allowed"), 404: _("Not found"),
        405: _("Not possible here"), 409: _("Somebody was first"), 413: _("Too large"),
        415: _("The format is not taken"),
        422: _("Some fields need attention"), 429: _("Too many requests"), 500: _("Something went wrong"),
        502: _("Another system did not answer"), 503: _("The system is busy"),
    }


def answer_error(error: ChengnuoError) -> Response:
    """Return the answer to an error of ours."""
    status = STATUS.get(error.code, 500)
    if status >= 500 and status != 503:
        log.error("%s: %s", type(error).__name__, error, exc_info=error)
    extra: dict[str, Any] = {"code": error.code}
    if isinstance(error, Invalid):
        extra["errors"] = [{"field": one.field, "message": one.message(language())} for one in error.errors]
    if isinstance(error, Refused):
        extra["findings"] = [{"file": one.file, "element": one.element, "line": one.line, "rule": one.rule,
                              "severity": one.severity, "message": one.message(language())} for one in error.findings]
    for name, value in error.detail.items():
        extra.setdefault(name, _plain(value))
    answer = _answer(status, error.message(language()), extra)
    if error.retryable:
        answer.headers["Retry-After"] = "1"
    return answer


def answer_http(error: HTTPException) -> Response:
    """Return the answer to an error of the web framework; redirects and ready answers pass."""
    status = error.code or 500
    if error.response is not None or status < 400:
        return make_response(error.get_response())
    # The framework's own texts are English and for developers: people get ours.
    detail = {404: _missing, 413: _too_large}.get(status, lambda: titles().get(status) or str(error.name))()
    answer = _answer(status, detail, {"code": _code_of(status)})
    for name, value in error.get_headers(request.environ):
        if name.lower() == "allow":
            answer.headers[name] = value
    if status == 429:
        answer.headers["Retry-After"] = str(wait_seconds())
    return answer


def answer_csrf(error: CSRFError) -> Response:
    """Return the answer to a page that was open for too long, or to another site's trick."""
    text = _("This page is too old: go back, reload it and send it again.")
    return _answer(400, text, {"code": "csrf", "reason": error.description})


def answer_unexpected(error: Exception) -> Response:
    """Return the answer to what nobody expected; the log has the rest."""
    log.exception("%s %s failed", request.method, request.path, exc_info=error)
    return _answer(500, titles()[500], {"code": "error"})


def _missing() -> str:
    return str(_("Nothing is at this address: it may be mistyped, or what was here is gone."))


def _too_large() -> str:
    together = current_app.config["MAX_CONTENT_LENGTH"] >> 20
    return str(_("A file may have at most %(n)s MB, all that is sent together %(all)s MB. Nothing was kept: go back "
                 "and choose smaller files.", n=MAX_BYTES >> 20, all=together))


def _code_of(status: int) -> str:
    return {400: "bad_request", 401: "not_signed_in", 403: "not_allowed", 404: "not_found", 405: "method_not_allowed",
            413: "too_large", 415: "unsupported_media_type", 429: "too_many_requests"}.get(status, "error")


def _answer(status: int, detail: str, extra: dict[str, Any]) -> Response:
    title = titles().get(status) or detail
    if status == 409 and not extra.get("by"):  # nobody was faster: it just can't be done now
        title = _("Not possible as things stand")
    if request.path.startswith("/api/"):
        kind = f"urn:chengnuo:problem:{extra.get('code', 'error')}"
        answer = jsonify({**extra, "type": kind, "title": title, "status": status, "detail": detail,
                          "instance": request.path})
        answer.mimetype = PROBLEM
    else:
        answer = make_response(render_template("error.html", status=status, title=title, detail=detail,
                                               errors=extra.get("errors", ())))
    answer.status_code = status
    if status == 401:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
