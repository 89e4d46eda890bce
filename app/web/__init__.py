"""Pages and API: views that parse, make one call, and show what came of it."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from flask import Flask


def register(app: Flask) -> None:
    """Add everything that answers HTTP; the doors first, so that no blueprint stands outside of them.

    A subject is a module or package of this folder that has a `blueprint`; it is found without a list.
    """
    from app.web import api, health, security, shell

    shell.install(app)
    security.install(app)
    for one in iter_modules([str(Path(__file__).parent)]):
        blueprint = getattr(import_module(f"{__name__}.{one.name}"), "blueprint", None)
        if blueprint is not None and one.name != "api":
            app.register_blueprint(blueprint)
    api.install(app)
    health.install(app)
