"""Releasing in the browser: change sets compared and decided, deployments, imports, pictures, the sandbox."""

from app.web.releases import changes, files, history, trying
from app.web.releases.blueprint import blueprint

__all__ = ["blueprint", "changes", "files", "history", "trying"]
