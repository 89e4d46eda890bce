"""The studio: where process owners see every definition, edit change sets, and draw, tabulate and compose."""

from app.web.studio import editing, form_pages, pages, viewing
from app.web.studio.blueprint import blueprint

__all__ = ["blueprint", "editing", "form_pages", "pages", "viewing"]
