"""The API, version 1: what machines and tests speak (ARCHITECTURE, section 8)."""

from __future__ import annotations

from flask import Flask

from app.web.api.blueprint import api
from app.web.api.subjects import subjects

__all__ = ["install"]


def install(app: Flask) -> None:
    """Add the API to the application."""
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # Chinese stays readable in answers and logs
    subjects()
    app.register_blueprint(api)
