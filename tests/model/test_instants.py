"""An instant is aware and in UTC, however it comes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from gateway.model.base import Instant

READ = TypeAdapter(Instant)
LUNCH = datetime(2026, 1, 14, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "told",
    [
        1768393800,
        "1768393800",
        1768393800000,  # from 20,000,000,000 on a number counts milliseconds
        LUNCH,
        LUNCH.astimezone(timezone(timedelta(hours=8))),
        LUNCH.astimezone(ZoneInfo("Europe/London")),
        "2026-01-14T12:30:00Z",
        "2026-01-14T20:30:00+08:00",
    ],
)
def test_every_form_gives_the_same_instant_in_utc(told):
    instant = READ.validate_python(told)
    assert instant == LUNCH
    assert str(instant.tzinfo) == "UTC"


@given(st.integers(-20_000_000_000, 20_000_000_000))
def test_whole_seconds_are_exact(seconds):
    assert (READ.validate_python(seconds) - datetime(1970, 1, 1, tzinfo=UTC)) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "told",
    [datetime(2026, 1, 14, 12, 30), "2026-01-14T12:30:00", "lunch", None, True, 10**20, -(10**20)],  # noqa: DTZ001 - naive on purpose
)
def test_what_names_no_instant_is_refused(told):
    with pytest.raises(ValidationError):
        READ.validate_python(told)


def test_json_and_back():
    assert READ.validate_json(READ.dump_json(LUNCH)) == LUNCH
    assert READ.dump_json(LUNCH) == b'"2026-01-14T12:30:00Z"'
