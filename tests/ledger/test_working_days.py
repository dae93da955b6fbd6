"""Expected days typed from the calendars themselves: the State Council's notice for 2026, Japan's holiday law."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from gateway.ledger.working_days import end_of_working_days, is_working_day

SHANGHAI, TOKYO = ZoneInfo("Asia/Shanghai"), ZoneInfo("Asia/Tokyo")


@pytest.mark.parametrize(
    ("opened", "by"),
    [
        ("2026-03-10T12:00:00+00:00", "2026-03-18T00:00:00+08:00"),  # a Tuesday: Wed, Thu, Fri, Mon, Tue
        ("2026-03-13T15:59:59+00:00", "2026-03-21T00:00:00+08:00"),  # still Friday in Shanghai
        ("2026-03-13T16:00:00+00:00", "2026-03-21T00:00:00+08:00"),  # Saturday already
        ("2026-03-15T16:00:00+00:00", "2026-03-24T00:00:00+08:00"),  # Monday
        # National Day, 1 to 7 October; Sunday 20 September and Saturday 10 October are worked
        ("2026-09-29T10:00:00+08:00", "2026-10-13T00:00:00+08:00"),  # Wed 30, Thu 8, Fri 9, Sat 10, Mon 12
        ("2026-10-08T10:00:00+08:00", "2026-10-15T00:00:00+08:00"),  # Fri 9, Sat 10, Mon 12, Tue 13, Wed 14
        ("2026-09-17T10:00:00+08:00", "2026-09-24T00:00:00+08:00"),  # Fri 18, Sun 20, Mon 21, Tue 22, Wed 23
        # Spring Festival, 15 to 23 February; Saturdays 14 and 28 February are worked
        ("2026-02-13T10:00:00+08:00", "2026-02-28T00:00:00+08:00"),  # Sat 14, Tue 24, Wed 25, Thu 26, Fri 27
    ],
)
def test_five_working_days_in_china(opened, by):
    end = end_of_working_days(datetime.fromisoformat(opened), 5, SHANGHAI, "CN")
    assert end.by == datetime.fromisoformat(by)
    assert (end.years_unknown, end.words) == ((), "")


@pytest.mark.parametrize(
    ("opened", "by"),
    [
        # Golden Week: 29 April, 3 to 5 May, and 6 May in place of Sunday the 3rd; 30 April and 1 May are worked
        ("2026-04-28T10:00:00+09:00", "2026-05-09T00:00:00+09:00"),  # Thu 30, Fri 1, Thu 7, Fri 8
        ("2026-05-01T10:00:00+09:00", "2026-05-13T00:00:00+09:00"),  # Thu 7, Fri 8, Mon 11, Tue 12
        # 22 September lies between two holidays and is one itself
        ("2026-09-18T10:00:00+09:00", "2026-09-30T00:00:00+09:00"),  # Thu 24, Fri 25, Mon 28, Tue 29
    ],
)
def test_four_working_days_in_japan(opened, by):
    end = end_of_working_days(datetime.fromisoformat(opened), 4, TOKYO, "JP")
    assert (end.by, end.words) == (datetime.fromisoformat(by), "")


@pytest.mark.parametrize(
    ("day", "region", "works"),
    [
        ("2026-10-07", "CN", False),
        ("2026-10-08", "CN", True),
        ("2026-10-10", "CN", True),  # a Saturday that is worked
        ("2026-10-11", "CN", False),
        ("2026-09-20", "CN", True),  # a Sunday that is worked
        ("2026-05-06", "JP", False),
        ("2026-08-10", "SG", False),  # Monday after a National Day on Sunday
        ("2026-01-02", "NOWHERE", None),
        ("2027-03-01", "ID", None),  # the day of Eid al-Fitr is an estimate
        ("2150-01-05", "JP", None),
    ],
)
def test_single_days(day, region, works):
    assert is_working_day(date.fromisoformat(day), region) is works


def test_a_year_without_a_calendar_is_said():
    unknown = datetime.fromisoformat("2101-03-01T10:00:00+08:00")
    end = end_of_working_days(unknown, 5, SHANGHAI, "CN")
    assert end.by == datetime.fromisoformat("2101-03-09T00:00:00+08:00")
    assert end.years_unknown == (2101,)
    assert "public holidays of 2101 in CN are not known" in end.words


def test_only_the_days_that_were_counted_matter():
    last_of_known = datetime.fromisoformat("2099-12-24T10:00:00+09:00")
    assert end_of_working_days(last_of_known, 1, TOKYO, "JP").words == ""
    assert end_of_working_days(last_of_known, 8, TOKYO, "JP").years_unknown == (2100,)
