"""Functions that relate points and ranges (DMN 1.4, 10.3.4.9)."""

from __future__ import annotations

from typing import Any

from app.engine.feel.builtins.registry import builtin
from app.engine.feel.values import Range, compare


def _less(left: Any, right: Any) -> bool:
    return compare("<", left, right) is True


def _same(left: Any, right: Any) -> bool:
    return compare("<=", left, right) is True and compare(">=", left, right) is True


def _ordered(*values: Any) -> bool:
    """Tell whether all ends can be compared; the functions answer null otherwise."""
    return all(value is not None and compare("<=", values[0], value) is not None for value in values)


@builtin("before", "point1: point, point2: point", "boolean")
def point_before_point(a: Any, b: Any) -> bool | None:
    """Tell whether a lies before b."""
    return compare("<", a, b)


@builtin("before", "point: point, range: range", "boolean")
def point_before_range(a: Any, b: Range) -> bool | None:
    """Tell whether a lies before the range b."""
    if not _ordered(a, b.low):
        return None
    return _less(a, b.low) or (_same(a, b.low) and not b.low_closed)


@builtin("before", "range: range, point: point", "boolean")
def range_before_point(a: Range, b: Any) -> bool | None:
    """Tell whether the range a lies before b."""
    if not _ordered(a.high, b):
        return None
    return _less(a.high, b) or (_same(a.high, b) and not a.high_closed)


@builtin("before", "range1: range, range2: range", "boolean")
def range_before_range(a: Range, b: Range) -> bool | None:
    """Tell whether the range a lies before the range b."""
    if not _ordered(a.high, b.low):
        return None
    return _less(a.high, b.low) or (_same(a.high, b.low) and not (a.high_closed and b.low_closed))


@builtin("after", "point1: point, point2: point", "boolean")
def point_after_point(a: Any, b: Any) -> bool | None:
    """Tell whether a lies after b."""
    return compare(">", a, b)


@builtin("after", "point: point, range: range", "boolean")
def point_after_range(a: Any, b: Range) -> bool | None:
    """Tell whether a lies after the range b."""
    return range_before_point(b, a)


@builtin("after", "range: range, point: point", "boolean")
def range_after_point(a: Range, b: Any) -> bool | None:
    """Tell whether the range a lies after b."""
    return point_before_range(b, a)


@builtin("after", "range1: range, range2: range", "boolean")
def range_after_range(a: Range, b: Range) -> bool | None:
    """Tell whether the range a lies after the range b."""
    return range_before_range(b, a)


@builtin("meets", "range1: range, range2: range", "boolean")
def meets(a: Range, b: Range) -> bool | None:
    """Tell whether a ends exactly where b begins."""
    return a.high_closed and b.low_closed and _same(a.high, b.low) if _ordered(a.high, b.low) else None


@builtin("met by", "range1: range, range2: range", "boolean")
def met_by(a: Range, b: Range) -> bool | None:
    """Tell whether a begins exactly where b ends."""
    return meets(b, a)


@builtin("overlaps", "range1: range, range2: range", "boolean")
def overlaps(a: Range, b: Range) -> bool | None:
    """Tell whether a and b have something in common."""
    before, after = range_before_range(a, b), range_before_range(b, a)
    return None if before is None or after is None else not before and not after


@builtin("overlaps before", "range1: range, range2: range", "boolean")
def overlaps_before(a: Range, b: Range) -> bool | None:
    """Tell whether a begins before b and ends inside it."""
    if not _ordered(a.low, a.high, b.low, b.high):
        return None
    begins = _less(a.low, b.low) or (_same(a.low, b.low) and a.low_closed and not b.low_closed)
    reaches = _less(b.low, a.high) or (_same(b.low, a.high) and a.high_closed and b.low_closed)
    ends = _less(a.high, b.high) or (_same(a.high, b.high) and (not a.high_closed or b.high_closed))
    return begins and reaches and ends


@builtin("overlaps after", "range1: range, range2: range", "boolean")
def overlaps_after(a: Range, b: Range) -> bool | None:
    """Tell whether a begins inside b and ends after it."""
    if not _ordered(a.low, a.high, b.low, b.high):
        return None
    begins = _less(a.low, b.high) or (_same(a.low, b.high) and a.low_closed and b.high_closed)
    inside = _less(b.low, a.low) or (_same(b.low, a.low) and (b.low_closed or not a.low_closed))
    ends = _less(b.high, a.high) or (_same(b.high, a.high) and a.high_closed and not b.high_closed)
    return begins and inside and ends


@builtin("finishes", "point: point, range: range", "boolean")
def point_finishes(a: Any, b: Range) -> bool | None:
    """Tell whether b ends with the point a."""
    return b.high_closed and _same(a, b.high) if _ordered(a, b.high) else None


@builtin("finishes", "range1: range, range2: range", "boolean")
def range_finishes(a: Range, b: Range) -> bool | None:
    """Tell whether a is an end part of b."""
    if not _ordered(a.low, a.high, b.low, b.high):
        return None
    together = _same(a.high, b.high) and a.high_closed == b.high_closed
    return together and (_less(b.low, a.low) or (_same(a.low, b.low) and (not a.low_closed or b.low_closed)))


@builtin("finished by", "range: range, point: point", "boolean")
def finished_by_point(a: Range, b: Any) -> bool | None:
    """Tell whether a ends with the point b."""
    return point_finishes(b, a)


@builtin("finished by", "range1: range, range2: range", "boolean")
def finished_by_range(a: Range, b: Range) -> bool | None:
    """Tell whether b is an end part of a."""
    return range_finishes(b, a)


@builtin("includes", "range: range, point: point", "boolean")
def includes_point(a: Range, b: Any) -> bool | None:
    """Tell whether b lies in a."""
    return a.includes(b)


@builtin("includes", "range1: range, range2: range", "boolean")
def includes_range(a: Range, b: Range) -> bool | None:
    """Tell whether all of b lies in a."""
    if not _ordered(a.low, a.high, b.low, b.high):
        return None
    low = _less(a.low, b.low) or (_same(a.low, b.low) and (a.low_closed or not b.low_closed))
    high = _less(b.high, a.high) or (_same(a.high, b.high) and (a.high_closed or not b.high_closed))
    return low and high


@builtin("during", "point: point, range: range", "boolean")
def during_point(a: Any, b: Range) -> bool | None:
    """Tell whether a lies in b."""
    return b.includes(a)


@builtin("during", "range1: range, range2: range", "boolean")
def during_range(a: Range, b: Range) -> bool | None:
    """Tell whether all of a lies in b."""
    return includes_range(b, a)


@builtin("starts", "point: point, range: range", "boolean")
def point_starts(a: Any, b: Range) -> bool | None:
    """Tell whether b begins with the point a."""
    return b.low_closed and _same(a, b.low) if _ordered(a, b.low) else None


@builtin("starts", "range1: range, range2: range", "boolean")
def range_starts(a: Range, b: Range) -> bool | None:
    """Tell whether a is a first part of b."""
    if not _ordered(a.low, a.high, b.low, b.high):
        return None
    together = _same(a.low, b.low) and a.low_closed == b.low_closed
    return together and (_less(a.high, b.high) or (_same(a.high, b.high) and (not a.high_closed or b.high_closed)))


@builtin("started by", "range: range, point: point", "boolean")
def started_by_point(a: Range, b: Any) -> bool | None:
    """Tell whether a begins with the point b."""
    return point_starts(b, a)


@builtin("started by", "range1: range, range2: range", "boolean")
def started_by_range(a: Range, b: Range) -> bool | None:
    """Tell whether b is a first part of a."""
    return range_starts(b, a)


@builtin("coincides", "point1: point, point2: point", "boolean")
def coincide_points(a: Any, b: Any) -> bool | None:
    """Tell whether two points are the same."""
    return _same(a, b) if _ordered(a, b) else None


@builtin("coincides", "range1: range, range2: range", "boolean")
def coincide_ranges(a: Range, b: Range) -> bool | None:
    """Tell whether two ranges are the same."""
    if not _ordered(a.low, a.high, b.low, b.high):
        return None
    closed = (a.low_closed, a.high_closed) == (b.low_closed, b.high_closed)
    return closed and _same(a.low, b.low) and _same(a.high, b.high)
