"""The API, version 1: what machines and tests speak (ARCHITECTURE, section 8)."""

from __future__ import annotations

from flask import Flask

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
    openapi,
    tasks,
)
from app.web.api.blueprint import api

__all__ = ["install"]
# Imported: their routes exist.
SUBJECTS = (cases, clock, compliance, compliance_drift, definitions, exports, files, incidents, instances, knowledge,
            messages, openapi, tasks)


def install(app: Flask) -> None:
    """Add the API to the application."""
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # Chinese stays readable in answers and logs
    app.register_blueprint(api)
