"""The clocks."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from app.clock import AdjustableClock, FixedClock, SystemClock, as_utc, monotonic

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_the_system_clock_tells_aware_utc():
    assert SystemClock().now().tzinfo is UTC


def test_a_fixed_clock_stands_still_until_it_is_moved():
    clock = FixedClock(NOON)
    assert clock.now() == clock.now() == NOON
    assert clock.advance(timedelta(minutes=16)) == NOON + timedelta(minutes=16)
    clock.set(NOON)
    assert clock.now() == NOON


def test_an_adjustable_clock_reads_its_offset_each_time():
    offset = timedelta(0)
    clock = AdjustableClock(lambda: offset, FixedClock(NOON))
    assert clock.now() == NOON
    offset = timedelta(hours=3)
    assert clock.now() == NOON + timedelta(hours=3)


def test_an_adjustable_clock_without_a_base_follows_the_wall_clock():
    assert AdjustableClock(lambda: timedelta(days=1)).now() > SystemClock().now()


def test_a_time_without_an_offset_is_refused():
    with pytest.raises(ValueError, match="without an offset"):
        as_utc(datetime(2026, 1, 1))  # noqa: DTZ001
    assert as_utc(datetime(2026, 1, 1, 8, tzinfo=timezone(timedelta(hours=8)))) == datetime(2026, 1, 1, tzinfo=UTC)


def test_monotonic_never_goes_back():
    assert monotonic() <= monotonic()
