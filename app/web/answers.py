"""How pages say what went wrong: as flash messages and by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from urllib.parse import urlsplit

from flask import flash

from app.errors import ChengnuoError, Conflict, Invalid, NotFound
from app.store.queries import people
from app.web.entry import NotSignedIn
from app.web.problems import language
from app.web.shell import moment
from app.web.words import PARTIES


def said(error: ChengnuoError) -> str:
    """Return an error as a sentence, with who was first and when where that is known."""
    text = error.message(language())
    if isinstance(error, Conflict) and error.detail.get("by"):
        name = str(error.detail["by"])
        name = str(PARTIES.get(name) or people.display_names([name]).get(name, name))
        at = error.detail.get("at")
        when = moment(at) if isinstance(at, (datetime, str)) else ""
        return f"{text}（{name} {when}）" if language() == "zh" else f"{text} ({name}, {when})"
    if isinstance(error, Invalid):
        return text + " " + " ".join(f"{one.message(language())}" for one in error.errors)
    return text


def by_field(error: Invalid) -> Mapping[str, str]:
    """Return the first message of each field."""
    found: dict[str, str] = {}
    for one in error.errors:
        found.setdefault(one.field, one.message(language()))
    return found


@contextmanager
def tell(success: str) -> Iterator[None]:
    """Flash `success`, or what went wrong in the block, so that the page can go on."""
    try:
        yield
    except (NotFound, NotSignedIn):
        raise
    except ChengnuoError as error:
        flash(said(error), "error")
    else:
        if success:
            flash(success, "success")


def safe_next(target: str | None, default: str) -> str:
    """Return `target` when it leads to a page of ours, else `default`."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return default
    parts = urlsplit(target)
    return target if not parts.scheme and not parts.netloc and "\\" not in target and "\n" not in target else default
