"""Whatever the text is: an answer or an ExpressionError, in bounded time, and never Python."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.engine import feel
from app.engine.feel.values import string
from app.errors import ExpressionError

WORDS = [
    "a",
    "b",
    "1",
    "2.5",
    '"t"',
    "true",
    "null",
    "+",
    "-",
    "*",
    "/",
    "**",
    "=",
    "!=",
    "<",
    ">=",
    "and",
    "or",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "..",
    ".",
    "if",
    "then",
    "else",
    "for",
    "in",
    "return",
    "some",
    "satisfies",
    "between",
    "not",
    "?",
    "item",
    "instance",
    "of",
    "list",
    "number",
    "date",
    "time",
    "duration",
    "sum",
    "count",
    "string length",
    "date and time",
    "function",
    '@"P1D"',
    "sort",
    "flatten",
    "get value",
    "matches",
    "->",
]
DATA = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.dates()
    | st.times()
    | st.datetimes()
    | st.timedeltas()
    | st.decimals(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)
SCALAR = st.sampled_from(
    [
        "1",
        "-2",
        "0.5",
        '"x"',
        "true",
        "false",
        "null",
        "a",
        "b",
        '@"P1D"',
        '@"2026-01-31"',
        "[]",
        "[1, 2]",
        "{a: 1}",
        "[1..3]",
        '@"P1M"',
        '@"10:00:00"',
        '@"2026-01-01T00:00:00Z"',
    ]
)
EXPRESSION = st.recursive(
    SCALAR,
    lambda inner: st.one_of(
        st.tuples(
            inner, st.sampled_from(["+", "-", "*", "/", "**", "=", "!=", "<", "<=", "and", "or", "in"]), inner
        ).map(lambda t: f"({' '.join(t)})"),
        st.tuples(
            st.sampled_from(
                [
                    "not",
                    "sum",
                    "count",
                    "string",
                    "flatten",
                    "min",
                    "date",
                    "duration",
                    "abs",
                    "sort",
                    "distinct values",
                    "string length",
                    "context merge",
                    "union",
                    "mode",
                ]
            ),
            inner,
        ).map(lambda t: f"{t[0]}({t[1]})"),
        st.tuples(inner, inner).map(lambda t: f"{t[0]}[{t[1]}]"),
        st.tuples(inner, inner, inner).map(lambda t: f"if {t[0]} then {t[1]} else {t[2]}").map(lambda t: f"({t})"),
        st.tuples(inner, inner).map(lambda t: f"(for i in {t[0]} return {t[1]})"),
        st.tuples(inner, inner).map(lambda t: f"(some i in {t[0]} satisfies {t[1]})"),
        st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} between {t[1]} and {t[2]})"),
        inner.map(lambda t: f"{{k: {t}}}.k"),
    ),
    max_leaves=12,
)


def attempt(text: str, context: dict[str, Any], *, strict: bool = False) -> Any:
    try:
        return feel.evaluate(text, context, strict=strict)
    except ExpressionError:
        return None


@given(st.text(max_size=80), DATA)
def test_any_text_gives_an_answer_or_an_expression_error(text: str, data: Any) -> None:
    attempt(text, {"a": data})


@settings(max_examples=300)
@given(st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join), DATA, st.booleans())
def test_any_tokens_give_an_answer_or_an_expression_error(text: str, data: Any, strict: bool) -> None:
    attempt(text, {"a": data, "b": [data]}, strict=strict)
    try:
        feel.unary(text, data if not isinstance(data, dict) else None, {"a": data})
        feel.infer(feel.parse_unary(text))
    except ExpressionError:
        pass


@settings(max_examples=300)
@given(EXPRESSION, DATA, DATA)
def test_well_formed_expressions_never_fail_unless_strict(text: str, a: Any, b: Any) -> None:
    expression = feel.parse(text)
    refused = ""
    try:
        value = feel.evaluate(expression, {"a": a, "b": b})
        json.dumps(feel.plain(value))
        string(value)
    except ExpressionError as error:
        refused = error.message_en
    assert not refused or any(word in refused for word in ("too", "more than", "longer"))  # limits only
    attempt(text, {"a": a, "b": b}, strict=True)


@given(EXPRESSION)
def test_the_inferred_type_is_the_one_that_comes_out(text: str) -> None:
    try:
        kind = feel.infer(text, {})
    except ExpressionError:
        return
    value = attempt(text, {})
    found = feel.kind(value)
    assert kind == "any" or value is None or kind == ("duration" if found.endswith("duration") else found)


@given(
    st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9),
    st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9),
)
def test_numbers_are_counted_in_decimals(a: Decimal, b: Decimal) -> None:
    assert feel.evaluate("a + b", {"a": a, "b": b}) == a + b
    assert feel.evaluate("a - b + b = a", {"a": a, "b": b}) is True
    assert feel.evaluate("a in [a..b]", {"a": a, "b": b}) is (a <= b)


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.integers(-10_000, 10_000))
def test_days_added_are_days_between(day: date, days: int) -> None:
    text = '(d + n * duration("P1D")) - d = n * duration("P1D")'
    assert feel.evaluate(text, {"d": day, "n": days}) is True
