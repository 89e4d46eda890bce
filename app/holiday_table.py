"""China's public holidays and make-up workdays by year, and whether the State Council has announced the year."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import holidays

FIRST_TABLE = 2001  # the first year that the library knows make-up workdays of


@dataclass(frozen=True)
class HolidayYear:
    """What is known of one year."""

    free: Mapping[date, tuple[str, str]]  # day -> its name in Chinese and English
    makeup: frozenset[date]  # weekend days that are worked
    announced: bool  # False: statutory days only, and no make-up workdays yet


@lru_cache(maxsize=300)
def china(year: int) -> HolidayYear:
    """Return China's table of `year` (PyPI `holidays`, released monthly)."""
    zh = holidays.country_holidays("CN", years=year, language="zh_CN")
    en = holidays.country_holidays("CN", years=year, language="en_US")
    makeup = frozenset(day for day in zh.weekend_workdays if day.year == year)
    free = {day: (str(zh[day]), str(en.get(day, zh[day]))) for day in zh}
    return HolidayYear(free, makeup, announced=bool(makeup) or year < FIRST_TABLE)
