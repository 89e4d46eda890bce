"""Turns one raw answer, from JSON or from a browser, into a typed value, or says in both languages why it can't."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from app.userforms.definition import CHOICES, MULTIPLE, Component, FormContext, Option
from app.userforms.patterns import compile_pattern

MAX_TEXT = {"textfield": 500, "textarea": 10_000}  # where the form sets no limit of its own
MAX_TAGS = 50
MAX_FILES = 20
_FILE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_TAG_BREAK = re.compile(r"[,，、;；\n]")
_TRUE = frozenset({"true", "on", "1", "yes", "y", "是"})
_WANTED_MOMENT = {
    "date": ("Enter a date such as 2026-03-02.", "请填日期，如 2026-03-02。"),
    "time": ("Enter a time such as 09:30.", "请填时间，如 09:30。"),
    "datetime": ("Enter a date and time such as 2026-03-02T09:30+08:00.", "请填日期时间，如 2026-03-02T09:30+08:00。"),
}
_FALSE = frozenset({"false", "off", "0", "no", "n", "否", ""})


class ValueProblem(Exception):
    """An answer that is not accepted, and why."""

    def __init__(self, message_en: str, message_zh: str) -> None:
        super().__init__(message_en)
        self.message_en = message_en
        self.message_zh = message_zh


def read_value(component: Component, raw: Any, context: FormContext) -> Any:
    """Return the plain typed value of one answer, None for no answer; raises ValueProblem.

    Texts are trimmed, numbers are Decimal, times are ISO 8601 with offset, choices have the option's own type.
    """
    kind = component.type
    if kind == "checkbox":
        return _boolean(raw)
    if raw is None:
        return [] if kind in MULTIPLE or kind == "filepicker" else None
    if kind in CHOICES:
        return _choice(component, raw)
    if kind in MULTIPLE:
        return _choices(component, raw)
    if kind == "number":
        return _number(raw)
    if kind == "datetime":
        return _moment(component.subtype, raw, context.zone)
    if kind == "filepicker":
        return _files(raw)
    return _text(kind, raw)


def check_value(component: Component, value: Any, context: FormContext) -> None:
    """Hold an answer against the component's limits; raises ValueProblem."""
    if value is None or value == [] or value == "":
        return
    if isinstance(value, str) and component.type in MAX_TEXT:
        _check_text(component, value)
        if component.refers_to == "case" and not context.case_exists(value):
            raise ValueProblem("There is no other case with this number.", "没有此单号的其他个案。")
    elif isinstance(value, Decimal):
        _check_number(component, value)
    elif component.type == "filepicker":
        _check_files(component, value, context)


def stored(component: Component, value: Any) -> Any:
    """Return the value as a submission keeps it: money as a decimal string, other numbers as JSON numbers."""
    if isinstance(value, Decimal) and component.currency:
        return f"{value:.2f}"
    return plain(value)


def plain(value: Any) -> Any:
    """Return the value as JSON-able data: Decimal as int or float."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def is_empty(component: Component, value: Any) -> bool:
    """Return whether a required component would still lack its answer; an unticked box does."""
    if component.type == "checkbox":
        return value is not True
    return value is None or value == [] or value == ""


def _boolean(raw: Any) -> bool:
    if raw is None:
        return False
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str | int) and str(raw).strip().lower() in _TRUE | _FALSE:
        return str(raw).strip().lower() in _TRUE
    raise ValueProblem("Answer yes or no.", "请填是或否。")


def _find_option(options: tuple[Option, ...], raw: Any) -> Option | None:
    if isinstance(raw, Decimal):
        raw = plain(raw)
    for option in options:
        if type(option.value) is type(raw) and option.value == raw:
            return option
    if isinstance(raw, str | bool | int | float):
        text = str(raw).strip().lower() if not isinstance(raw, str) else raw.strip()
        for option in options:
            own = str(option.value).lower() if not isinstance(option.value, str) else option.value
            if own == text:
                return option
    return None


def _choice(component: Component, raw: Any) -> Any:
    if raw == "":
        return None
    option = _find_option(component.options, raw)
    if option is None:
        raise ValueProblem("Choose one of the given answers.", "请从给定选项中选择。")
    return option.value


def _choices(component: Component, raw: Any) -> list[Any]:
    if isinstance(raw, str):
        raw = [part for part in _TAG_BREAK.split(raw) if part.strip()]
    if not isinstance(raw, list | tuple):
        raise ValueProblem("A list is expected.", "应为列表。")
    if len(raw) > MAX_TAGS:
        raise ValueProblem(f"At most {MAX_TAGS} entries.", f"最多 {MAX_TAGS} 项。")
    found: list[Any] = []
    for item in raw:
        if component.options:
            value = _choice(component, item)
        else:
            value = _text("textfield", item)
            if value is not None and len(value) > 80:
                raise ValueProblem("An entry has at most 80 characters.", "每项最多 80 个字。")
        if value is not None and value not in found:
            found.append(value)
    return found


def _number(raw: Any) -> Decimal | None:
    if isinstance(raw, bool) or not isinstance(raw, str | int | float | Decimal):
        raise ValueProblem("A number is expected.", "请填数字。")
    if isinstance(raw, str):
        raw = raw.strip().replace(",", "").replace("，", "")
        if not raw:
            return None
    if (isinstance(raw, float) and not math.isfinite(raw)) or (isinstance(raw, int) and abs(raw) > 10**18):
        raise ValueProblem("The number is too large.", "数字过大。")
    text = str(raw)
    try:
        value = Decimal(text) if len(text) <= 40 else None
    except InvalidOperation:
        value = None
    if value is None or not value.is_finite():
        raise ValueProblem("A number is expected.", "请填数字。")
    if value and not -12 <= value.adjusted() <= 18:
        raise ValueProblem("The number is too large or too fine.", "数字过大或过细。")
    return value


def _moment(subtype: str, raw: Any, zone: str) -> str | None:
    if isinstance(raw, datetime):
        raw = (raw if raw.tzinfo else raw.replace(tzinfo=ZoneInfo(zone))).isoformat()
    elif isinstance(raw, date | time):
        raw = raw.isoformat()
    if not isinstance(raw, str) or len(raw) > 60:
        raise ValueProblem("A date or time is expected.", "请填日期或时间。")
    text = re.sub(r"\[[^\]]*\]$|@[A-Za-z_/]+$", "", raw.strip())  # FEEL may name the zone behind the offset
    if not text:
        return None
    try:
        if subtype == "time":
            return time.fromisoformat(text).isoformat(timespec="seconds")
        if subtype == "date":
            return _as_date(text, zone).isoformat()
        moment = datetime.fromisoformat(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))
        if not 1900 <= moment.year <= 2200:
            raise ValueError("year")
        return moment.astimezone(ZoneInfo(zone)).isoformat(timespec="seconds")
    except (ValueError, OverflowError):
        raise ValueProblem(*_WANTED_MOMENT[subtype]) from None


def _as_date(text: str, zone: str) -> date:
    if len(text) <= 10:
        found = date.fromisoformat(text)
    else:
        moment = datetime.fromisoformat(text)
        found = (moment.astimezone(ZoneInfo(zone)) if moment.tzinfo else moment).date()
    if not 1900 <= found.year <= 2200:
        raise ValueError("year")
    return found


def _files(raw: Any) -> list[str]:
    items = [raw] if isinstance(raw, str) and raw else raw
    if items == "":
        return []
    if not isinstance(items, list | tuple) or not all(isinstance(item, str) for item in items):
        raise ValueProblem("A list of file ids is expected.", "应为文件编号的列表。")
    if len(items) > MAX_FILES:
        raise ValueProblem(f"At most {MAX_FILES} files.", f"最多 {MAX_FILES} 个文件。")
    return list(dict.fromkeys(items))


def _text(kind: str, raw: Any) -> str | None:
    if isinstance(raw, bool) or not isinstance(raw, str | int | float | Decimal):
        raise ValueProblem("A text is expected.", "请填文字。")
    text = str(raw).replace("\r\n", "\n").replace("\r", "\n").strip()
    if len(text) > 20_000:
        raise ValueProblem("The text is too long.", "文字过长。")
    if kind != "textarea":
        text = " ".join(text.splitlines())
    if _CONTROL.search(text):
        raise ValueProblem("The text has characters that are not allowed.", "文字中有不允许的字符。")
    return text or None


def _check_text(component: Component, value: str) -> None:
    most = component.max_length if component.max_length is not None else MAX_TEXT[component.type]
    if component.min_length is not None and len(value) < component.min_length:
        raise ValueProblem(f"At least {component.min_length} characters.", f"至少 {component.min_length} 个字。")
    if len(value) > most:
        raise ValueProblem(f"At most {most} characters.", f"最多 {most} 个字。")
    if component.pattern and not compile_pattern(component.pattern).matches(value):
        example = f" (for example {component.example})" if isinstance(component.example, str) else ""
        example_zh = f"，例如 {component.example}" if isinstance(component.example, str) else ""
        raise ValueProblem(f"The format is not right{example}.", f"格式不对{example_zh}。")


def _check_number(component: Component, value: Decimal) -> None:
    if component.minimum is not None and value < Decimal(str(component.minimum)):
        raise ValueProblem(f"At least {component.minimum:g}.", f"不得小于 {component.minimum:g}。")
    if component.maximum is not None and value > Decimal(str(component.maximum)):
        raise ValueProblem(f"At most {component.maximum:.15g}.", f"不得大于 {component.maximum:.15g}。")
    digits = component.decimals if component.decimals is not None else (2 if component.currency else None)
    if digits is not None and value != round(value, digits):
        if digits == 0:
            raise ValueProblem("A whole number is expected.", "请填整数。")
        raise ValueProblem(f"At most {digits} digits after the point.", f"小数最多 {digits} 位。")


def _check_files(component: Component, value: list[str], context: FormContext) -> None:
    if not component.multiple and len(value) > 1:
        raise ValueProblem("One file only.", "只能有一个文件。")
    for item in value:
        if not _FILE_ID.fullmatch(item) or not context.file_exists(item):
            raise ValueProblem("A file was not found; upload it again.", "找不到文件，请重新上传。")


def fact_of(case: Any, name: str) -> Any:
    """Return a fact of the case by its name (customer_phone, flags.safety, extra.industry); None when it has none."""
    group, _, key = name.rpartition(".")
    if not isinstance(case, Mapping):
        return None
    if group == "flags":
        return key in (case.get("flags") or ())
    if group == "extra":
        extra = case.get("extra")
        found = extra.get(key) if isinstance(extra, Mapping) else None
        return found if found is not None else case.get(key)
    return case.get(name)
