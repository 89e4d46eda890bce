"""The API's own description, put together from what stands beside each route."""

from __future__ import annotations

import re
from typing import Any

from flask import Response, current_app, jsonify

from app.web.api import (
    cases,
    clock,
    compliance,
    compliance_drift,
    definitions,
    exports,
    files,
    incidents,
    instances,
    knowledge,
    messages,
    tasks,
)
from app.web.api.blueprint import api
from app.web.api.describe import (
    MAYBE_TEXT,
    MAYBE_WHEN,
    NUMBER,
    TEXT,
    Described,
    describe,
    described,
    listed,
    record,
    ref,
)
from app.web.api.idempotency import HEADER
from app.web.api.request import MOST, PAGE
from app.web.entry import entry, entry_of

SUBJECTS = (cases, clock, compliance, compliance_drift, definitions, exports, files, incidents, instances, knowledge,
            messages, tasks)
PARAMETER = re.compile(r"<(?:(\w+):)?(\w+)>")
TITLES = {400: "Not JSON", 401: "Sign in first", 403: "Not for these roles", 404: "Not there, or not for the caller",
          409: "Somebody was first: `by`, `at`", 413: "Too large", 422: "By field in `errors`",
          429: "Too many requests: see Retry-After"}
PROBLEM = record(
    ("type", "title", "status"), type=TEXT, title=TEXT, status=NUMBER, detail=TEXT, instance=TEXT, code=TEXT,
    by=MAYBE_TEXT, at=MAYBE_WHEN, errors=listed(record(field=TEXT, message=TEXT)))


@api.get("/openapi.json")
@entry("public")
@describe("This description", "about")
def get_openapi() -> Response:
    """Describe the API."""
    return jsonify(document())


def document() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of the current application."""
    paths: dict[str, dict[str, Any]] = {}
    for rule in sorted(current_app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if not rule.endpoint.startswith("api."):
            continue
        view = current_app.view_functions[rule.endpoint]
        told = described(view)
        if told is None:
            continue
        path = PARAMETER.sub(r"{\2}", rule.rule.removeprefix("/api/v1"))
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            paths.setdefault(path, {})[method.lower()] = _operation(rule.rule, rule.endpoint, told, entry_of(view))
    schemas: dict[str, Any] = {"Problem": PROBLEM}
    for subject in SUBJECTS:
        schemas.update(subject.SCHEMAS)
    cookie = {"type": "apiKey", "in": "cookie", "name": current_app.config["SESSION_COOKIE_NAME"],
              "description": "changes need the header X-CSRFToken as well"}
    return {"openapi": "3.1.0", "info": {"title": "Chengnuo", "version": "1"}, "servers": [{"url": "/api/v1"}],
            "paths": paths, "security": [{"bearer": []}, {"session": []}],
            "components": {"schemas": schemas, "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"}, "session": cookie}}}


def _operation(rule: str, endpoint: str, told: Described, who: frozenset[str] | None) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": told.summary, "tags": [told.tag], "operationId": endpoint.removeprefix("api."),
        "x-entry": sorted(who or ()), "parameters": _parameters(rule, told)}
    if who == frozenset({"public"}):
        operation["security"] = []
    if told.body is not None:
        media = "multipart/form-data" if told.body == "Upload" else "application/json"
        operation["requestBody"] = {"required": True, "content": {media: {"schema": ref(told.body)}}}
    problem = {"application/problem+json": {"schema": ref("Problem")}}
    failures = sorted({*told.errors, *(() if "security" in operation else (401, 429))})
    operation["responses"] = {str(status): {"description": TITLES[status], "content": problem} for status in failures}
    operation["responses"][str(told.status)] = _answer(told.answer)
    return operation


def _parameters(rule: str, told: Described) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "integer" if kind == "int" else "string"}}
        for kind, name in PARAMETER.findall(rule)]
    parameters += [{"name": name, "in": "query", "schema": {"type": "string"}} for name in told.query]
    if told.answer is not None and told.answer.startswith("["):
        limit = {"type": "integer", "minimum": 1, "maximum": MOST, "default": PAGE}
        parameters += [{"name": "limit", "in": "query", "schema": limit},
                       {"name": "cursor", "in": "query", "schema": TEXT}]
    if told.creates:
        parameters.append({"name": HEADER, "in": "header", "schema": {"type": "string", "maxLength": 200}})
    return parameters


def _answer(schema: str | None) -> dict[str, Any]:
    if schema is None:
        return {"description": "Good"}
    shape = ref(schema) if not schema.startswith("[") else record(
        ("items", "next", "total"), items=listed(ref(schema.strip("[]"))), next=MAYBE_TEXT, total=NUMBER)
    return {"description": "Good", "content": {"application/json": {"schema": shape}}}
