"""The modules of the API: a subject is one file in this folder, found without a list."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType


@cache
def subjects() -> tuple[ModuleType, ...]:
    """Return every module of this folder, imported: its routes exist then."""
    return tuple(import_module(f"app.web.api.{one.name}") for one in iter_modules([str(Path(__file__).parent)]))
