"""The tree of errors: what went wrong, whether trying again helps, and what people are told in both languages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


class ChengnuoError(Exception):
    """Something went wrong that a person can be told about."""

    code = "error"
    retryable = False  # True where the same call may succeed later, unchanged

    def __init__(self, message_en: str = "", message_zh: str = "", **detail: Any) -> None:
        self.message_en = message_en or (self.__doc__ or "").strip().splitlines()[0]
        self.message_zh = message_zh or self.message_en
        self.detail = detail
        super().__init__(self.message_en)

    def message(self, locale: str) -> str:
        """Return the message in `locale` ("zh" or "en")."""
        return self.message_zh if locale.startswith("zh") else self.message_en


class NotFound(ChengnuoError):
    """There is no such thing, or the caller may not see it."""

    code = "not_found"


class NotAllowed(ChengnuoError):
    """The caller may see it but not do this."""

    code = "not_allowed"


class Conflict(ChengnuoError):
    """Somebody or something else was first; `detail` says who and when."""

    code = "conflict"


class Busy(ChengnuoError):
    """Too many writers at once; try again."""

    code = "busy"
    retryable = True


@dataclass(frozen=True)
class FieldError:
    """One field of a submission that was not accepted."""

    field: str  # the key of the form's component; "items[0].name" inside a list
    message_en: str
    message_zh: str

    def message(self, locale: str) -> str:
        """Return the message in `locale` ("zh" or "en")."""
        return self.message_zh if locale.startswith("zh") else self.message_en


class Invalid(ChengnuoError):
    """Input was not accepted; `errors` says which fields and why. Nothing was changed."""

    code = "invalid"

    def __init__(
        self,
        errors: Sequence[FieldError],
        message_en: str = "Some fields need attention.",
        message_zh: str = "部分内容需要修改。",
        **detail: Any,
    ) -> None:
        super().__init__(message_en, message_zh, **detail)
        self.errors = tuple(errors)


@dataclass(frozen=True)
class Finding:
    """One thing that a check found in a file."""

    file: str
    element: str | None  # element id, field key or rule id
    line: int | None  # 1-based
    rule: str  # stable name, such as "missing_default_flow"
    severity: str  # "error" | "warning" | "info"
    message_zh: str
    message_en: str

    def message(self, locale: str) -> str:
        """Return the message in `locale` ("zh" or "en")."""
        return self.message_zh if locale.startswith("zh") else self.message_en


class Refused(ChengnuoError):
    """A diagram, table, form or bundle was refused; `findings` say where and why."""

    code = "refused"

    def __init__(self, findings: Sequence[Finding], message_en: str = "", message_zh: str = "") -> None:
        first = findings[0] if findings else None
        super().__init__(
            message_en or (first.message_en if first else "refused"),
            message_zh or (first.message_zh if first else "已拒绝"),
        )
        self.findings = tuple(findings)


class ExpressionError(ChengnuoError):
    """A FEEL expression could not be parsed or evaluated; `position` is the 0-based offset."""

    code = "expression"

    def __init__(
        self, message_en: str, message_zh: str = "", *, expression: str = "", position: int | None = None
    ) -> None:
        super().__init__(message_en, message_zh, expression=expression, position=position)
        self.expression = expression
        self.position = position


class BadDuration(ChengnuoError):
    """A text is not a duration that a deadline can be computed from."""

    code = "bad_duration"


class StepFailed(ChengnuoError):
    """The engine could not carry on; it becomes an incident at `element`."""

    code = "step_failed"

    def __init__(
        self,
        message_en: str,
        message_zh: str = "",
        *,
        element: str | None = None,
        task_id: str | None = None,
        **detail: Any,
    ) -> None:
        super().__init__(message_en, message_zh, **detail)
        self.element = element
        self.task_id = task_id


@dataclass
class BusinessError(Exception):
    """Raised by a handler: a BPMN error with `code`, which an error boundary event may catch."""

    code: str
    text: str = ""
    payload: dict[str, Any] = field(default_factory=dict)


class HandlerFailed(ChengnuoError):
    """A handler could not do its work; retried while `retryable`, then an incident."""

    code = "handler_failed"
    retryable = True
