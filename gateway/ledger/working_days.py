"""Working days as a region's calendar has them: public holidays are none, and in China some Saturdays and Sundays are.

China's calendar is told by its government one year ahead at most, and where a holiday follows the moon's sighting its
day is only estimated: such years are known not to be known, and whoever shows a day says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holidays import HolidayBase

_SATURDAY = 5
_ESTIMATED = "estimated"


@dataclass(frozen=True, slots=True)
class WorkingDaysEnd:
    """The end of some working days. In ``years_unknown`` only Monday to Friday were counted, for want of a calendar."""

    by: datetime
    region: str
    years_unknown: tuple[int, ...] = ()

    @property
    def words(self) -> str:
        """Return what must be said beside ``by``; empty where the calendar is known."""
        if not self.years_unknown:
            return ""
        years = ", ".join(map(str, self.years_unknown))
        return (
            f"The public holidays of {years} in {self.region} are not known here: Monday to Friday were counted. "
            "Look at the official calendar."
        )


def is_working_day(day: date, region: str) -> bool | None:
    """Return whether people work on ``day``; None where the calendar of that year is not known or not certain."""
    if region == "CN":
        return _in_china(day)
    calendar = _calendar(region, day.year)
    return None if calendar is None else bool(calendar.is_working_day(day))


def end_of_working_days(start: datetime, days: int, zone: tzinfo, region: str) -> WorkingDaysEnd:
    """Return the end of the ``days``-th working day after the day of ``start``, in the store's time zone.

    Of regions with holidays of their own states only the national ones count.
    """
    day = start.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    unknown: set[int] = set()
    left = days
    while left > 0:
        day += timedelta(days=1)
        works = is_working_day(day.date(), region)
        if works is None:
            unknown.add(day.year)
            works = day.weekday() < _SATURDAY
        left -= works
    return WorkingDaysEnd(day + timedelta(days=1), region, tuple(sorted(unknown)))


def _in_china(day: date) -> bool | None:
    # imported late, as below: few commands count days
    import chinese_calendar  # type: ignore[import-untyped]  # noqa: PLC0415

    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:  # how it says that a year is not in its tables
        return None


@lru_cache(maxsize=64)
def _calendar(region: str, year: int) -> HolidayBase | None:
    import holidays  # noqa: PLC0415 - few commands count days

    try:
        found = holidays.country_holidays(region, years=year, language="en_US")
    except NotImplementedError:  # no such region
        return None
    known = found.start_year <= year <= found.end_year and len(found) > 0
    return found if known and not any(_ESTIMATED in name.lower() for name in found.values()) else None
