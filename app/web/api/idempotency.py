"""The same POST twice makes one thing: `Idempotency-Key`, kept in the transaction that makes it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from flask import Response, make_response, request

from app.errors import FieldError, Invalid
from app.store import idempotency
from app.store.idempotency import Remembered
from app.web.entry import actor
from app.wiring import services

P = ParamSpec("P")
HEADER = "Idempotency-Key"
MAX_KEY = 200


def idempotent(view: Callable[P, Response]) -> Callable[P, Response]:
    """Answer a repeated key with the first answer; refuse it with another body; keep nothing of a request that failed.

    The view runs in one unit of work with the key's row: both are there, or neither.
    """

    @wraps(view)
    def once(*args: P.args, **kwargs: P.kwargs) -> Response:
        key = request.headers.get(HEADER)
        if key is None:
            return view(*args, **kwargs)
        if not 1 <= len(key) <= MAX_KEY or not key.isprintable():
            raise Invalid([FieldError(HEADER, f"1 to {MAX_KEY} characters.", f"应为 1 至 {MAX_KEY} 个字符。")])
        digest, given = _digest(), list[Response]()

        def make() -> tuple[int, str]:
            given[:] = [view(*args, **kwargs)]
            return given[0].status_code, given[0].get_data(as_text=True)

        known = idempotency.once(actor().user_id, key, digest, services().clock.now(), make)
        return given[0] if known is None else _again(known, digest)

    return once


def _again(known: Remembered, digest: str) -> Response:
    if known.request_digest != digest:
        raise Invalid([FieldError(HEADER, "This key was used for another request.", "此幂等键已用于另一请求。")])
    answer = make_response(known.body, known.status)
    answer.mimetype = "application/json"
    answer.headers["Idempotency-Replayed"] = "true"
    return answer


def _digest() -> str:
    """Return what makes a request the same; a multipart body has another boundary each time, so its parts count."""
    digest = hashlib.sha256(f"{request.method} {request.path}\n".encode())
    if request.mimetype != "multipart/form-data":
        digest.update(request.get_data(cache=True))
        return digest.hexdigest()
    for name, value in sorted(request.form.items(multi=True)):
        digest.update(f"{name}={value}\n".encode())
    for name, file in sorted(request.files.items(multi=True), key=lambda part: part[0]):
        digest.update(f"{name}:{file.filename}\n".encode() + hashlib.sha256(file.stream.read()).digest())
        file.stream.seek(0)
    return digest.hexdigest()
