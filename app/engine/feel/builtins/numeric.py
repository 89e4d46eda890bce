"""Numeric functions."""

from __future__ import annotations

import decimal
from decimal import Decimal

from app.engine.feel.builtins.registry import builtin
from app.engine.feel.temporal import NUMBERS, DaysDuration, YearsDuration


def _rounded(value: Decimal, scale: Decimal, mode: str) -> Decimal | None:
    if not -6111 <= scale <= 6176 or scale != scale.to_integral_value():
        return None
    exponent = -int(scale)
    place = value.as_tuple().exponent
    if isinstance(place, int) and place >= exponent:
        return value
    if value and value.adjusted() < exponent - 1:  # far below the last place: nothing, or one unit of it
        value = Decimal((value.is_signed(), (1,), exponent - 2))
    context = decimal.Context(prec=6200, Emin=-6300, Emax=6300, traps=[decimal.InvalidOperation])
    return NUMBERS.plus(value.quantize(Decimal((0, (1,), exponent)), rounding=mode, context=context))


@builtin("decimal", "n: number, scale: number", "number")
def to_decimal(n: Decimal, scale: Decimal) -> Decimal | None:
    """Return n rounded half to even."""
    return _rounded(n, scale.to_integral_value(decimal.ROUND_DOWN), decimal.ROUND_HALF_EVEN)


@builtin("floor", "n: number, scale?: number", "number")
def floor(n: Decimal, scale: Decimal | None) -> Decimal | None:
    """Return the greatest number of that scale that is not above n."""
    return _rounded(n, Decimal(0) if scale is None else scale, decimal.ROUND_FLOOR)


@builtin("ceiling", "n: number, scale?: number", "number")
def ceiling(n: Decimal, scale: Decimal | None) -> Decimal | None:
    """Return the least number of that scale that is not below n."""
    return _rounded(n, Decimal(0) if scale is None else scale, decimal.ROUND_CEILING)


@builtin("round up", "n: number, scale: number", "number")
def round_up(n: Decimal, scale: Decimal) -> Decimal | None:
    """Return n rounded away from zero."""
    return _rounded(n, scale, decimal.ROUND_UP)


@builtin("round down", "n: number, scale: number", "number")
def round_down(n: Decimal, scale: Decimal) -> Decimal | None:
    """Return n rounded towards zero."""
    return _rounded(n, scale, decimal.ROUND_DOWN)


@builtin("round half up", "n: number, scale: number", "number")
def round_half_up(n: Decimal, scale: Decimal) -> Decimal | None:
    """Return n rounded, halves away from zero."""
    return _rounded(n, scale, decimal.ROUND_HALF_UP)


@builtin("round half down", "n: number, scale: number", "number")
def round_half_down(n: Decimal, scale: Decimal) -> Decimal | None:
    """Return n rounded, halves towards zero."""
    return _rounded(n, scale, decimal.ROUND_HALF_DOWN)


@builtin("abs", "n: number", "number")
def absolute(n: Decimal) -> Decimal:
    """Return the size of a number."""
    return abs(n)


@builtin("abs", "n: duration", "duration")
def absolute_duration(n: DaysDuration | YearsDuration) -> DaysDuration | YearsDuration:
    """Return the size of a duration."""
    return DaysDuration(abs(n.seconds)) if isinstance(n, DaysDuration) else YearsDuration(abs(n.months))


@builtin("modulo", "dividend: number, divisor: number", "number")
def modulo(dividend: Decimal, divisor: Decimal) -> Decimal | None:
    """Return the rest of a division, with the divisor's sign."""
    if not divisor:
        return None
    rest = NUMBERS.remainder(dividend, divisor)
    return NUMBERS.add(rest, divisor) if rest and rest.is_signed() != divisor.is_signed() else rest


@builtin("sqrt", "number: number", "number")
def sqrt(n: Decimal) -> Decimal | None:
    """Return the square root, or null below zero."""
    return NUMBERS.sqrt(n) if n >= 0 else None


@builtin("log", "number: number", "number")
def log(n: Decimal) -> Decimal | None:
    """Return the natural logarithm, or null unless above zero."""
    return NUMBERS.ln(n) if n > 0 else None


@builtin("exp", "number: number", "number")
def exp(n: Decimal) -> Decimal:
    """Return e to that power."""
    return NUMBERS.exp(n)


@builtin("odd", "number: number", "boolean")
def odd(n: Decimal) -> bool:
    """Tell whether a number is odd."""
    return abs(NUMBERS.remainder(n, Decimal(2))) == 1


@builtin("even", "number: number", "boolean")
def even(n: Decimal) -> bool:
    """Tell whether a number is even."""
    return NUMBERS.remainder(n, Decimal(2)) == 0
