"""How the API reads a request: JSON bodies, filters, pages, and who asks."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from flask import Response, jsonify, request

from app.errors import ChengnuoError, FieldError, Invalid
from app.services.cases import SEES_ALL
from app.services.operations import OPERATORS
from app.services.work import READS_ALL
from app.store.queries.api import Page, Place, Scope
from app.web.entry import actor

PAGE, MOST = 50, 500
Row = TypeVar("Row")
OVERSEERS = OPERATORS | {"owner"}  # read every instance: its state and history, not the case behind it


class BadRequest(ChengnuoError):
    """The body is not JSON."""

    code = "bad_request"


class UnsupportedMediaType(ChengnuoError):
    """The body must be application/json."""

    code = "unsupported_media_type"


def scope() -> Scope:
    """Return who asks and what that opens; raises NotSignedIn."""
    who = actor()
    return Scope(who, all_cases=bool(who.groups & SEES_ALL), all_tasks=bool(who.groups & READS_ALL),
                 operates=bool(who.groups & OVERSEERS))


def body() -> dict[str, Any]:
    """Return the JSON object that was sent, {} for none; raises BadRequest, UnsupportedMediaType, Invalid."""
    raw = request.get_data(cache=True)
    if not raw.strip():
        return {}
    if not request.is_json:
        raise UnsupportedMediaType("The body must be application/json.", "请求体应为 application/json。")
    try:
        value = json.loads(raw, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"The body is not JSON: {str(error)[:120]}", "请求体不是有效的 JSON。") from error
    if not isinstance(value, dict):
        raise Invalid([FieldError("", "An object is expected.", "应为一个对象。")])
    if (b"\\u" in raw or b"\x00" in raw) and not _is_text(value):
        raise BadRequest("The body holds characters that are not text.", "请求体含有非文字字符。")
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _is_text(value: Any) -> bool:
    """Databases take neither NUL nor half a surrogate pair."""
    if isinstance(value, str):
        return not any(letter == "\x00" or "\ud800" <= letter <= "\udfff" for letter in value)
    if isinstance(value, dict):
        return all(_is_text(name) and _is_text(inner) for name, inner in value.items())
    return all(_is_text(inner) for inner in value) if isinstance(value, list) else True


def text_of(source: Mapping[str, Any], field: str, *, required: bool = True, longest: int = 2000) -> str | None:
    """Return a text of the body; raises Invalid."""
    value = source.get(field)
    if value is None and not required:
        return None
    if not isinstance(value, str) or not value.strip() or len(value) > longest:
        raise Invalid([FieldError(field, f"Text of 1 to {longest} characters.", f"应为 1 至 {longest} 个字符的文字。")])
    return value.strip()


def object_of(source: Mapping[str, Any], field: str, *, required: bool = False) -> dict[str, Any]:
    """Return an object of the body, {} for none; raises Invalid."""
    value = source.get(field)
    if value is None and not required:
        return {}
    if not isinstance(value, dict):
        raise Invalid([FieldError(field, "An object is expected.", "应为一个对象。")])
    return value


def filters(*names: str, choices: Mapping[str, tuple[str, ...]] | None = None) -> dict[str, str]:
    """Return the filters of a list; raises Invalid for a value that can't be."""
    found = {name: request.args[name][:120] for name in names if request.args.get(name)}
    for name, allowed in (choices or {}).items():
        if name in found and found[name] not in allowed:
            raise Invalid([FieldError(name, f"One of: {', '.join(allowed)}.", f"应为其中之一：{'、'.join(allowed)}。")])
    return found


def paging(*kinds: type) -> tuple[int, Place | None]:
    """Return the limit and the place where the page begins, whose parts are of `kinds`; raises Invalid."""
    raw = request.args.get("limit", str(PAGE))
    if not raw.isascii() or not raw.isdecimal() or not 1 <= int(raw[:9]) <= MOST:
        raise Invalid([FieldError("limit", f"Between 1 and {MOST}.", f"应在 1 到 {MOST} 之间。")])
    cursor = request.args.get("cursor")
    return int(raw), None if not cursor else _place(cursor, kinds)


def page(found: Page, show: Callable[[Any], Mapping[str, Any]]) -> Response:
    """Return a page of a list as it is answered."""
    return jsonify({"items": [show(row) for row in found.rows], "next": _cursor(found.next), "total": found.total})


def sliced(found: Sequence[Row], show: Callable[[Row], Mapping[str, Any]]) -> Response:
    """Return a page of a list that is in memory as it is answered; raises Invalid."""
    limit, after = paging(int)
    start = max(0, int(after[0])) if after is not None else 0
    following = (start + limit,) if start + limit < len(found) else None
    items = [show(row) for row in found[start:start + limit]]
    return jsonify({"items": items, "next": _cursor(following), "total": len(found)})


def _cursor(place: Place | None) -> str | None:
    if place is None:
        return None
    parts = [part.isoformat() if isinstance(part, datetime) else part for part in place]
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def _place(cursor: str, kinds: tuple[type, ...]) -> Place:
    wrong = Invalid([FieldError("cursor", "Take it from `next` of the page before.", "请使用上一页返回的 next。")])
    try:
        parts = json.loads(base64.urlsafe_b64decode(cursor[:400] + "=" * (-len(cursor) % 4)))
        read = tuple(datetime.fromisoformat(part) if kind is datetime else part
                     for kind, part in zip(kinds, parts, strict=True))
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        raise wrong from error
    if any(not isinstance(part, kind) or isinstance(part, bool) for kind, part in zip(kinds, read, strict=True)):
        raise wrong
    if any(isinstance(part, datetime) and part.tzinfo is None for part in read):
        raise wrong
    return read


def moment(value: datetime | None) -> str | None:
    """Return a time as ISO 8601 with offset, or None."""
    return None if value is None else value.isoformat()
