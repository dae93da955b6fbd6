from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.storage.moments import from_micros, from_micros_or_none, to_micros, to_micros_or_none


def test_known_values():
    assert to_micros(datetime(1970, 1, 1, 0, 0, 1, 5, tzinfo=UTC)) == 1_000_005
    assert to_micros(datetime(2026, 3, 14, 8, tzinfo=timezone(timedelta(hours=8)))) == 1_773_446_400_000_000
    assert from_micros(1_773_446_400_000_000) == datetime(2026, 3, 14, tzinfo=UTC)
    assert from_micros(-1) == datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
    assert (to_micros_or_none(None), from_micros_or_none(None)) == (None, None)


@given(st.datetimes(timezones=st.just(UTC)))
def test_nothing_is_lost(instant):
    back = from_micros(to_micros(instant))
    assert back == instant
    assert back.tzinfo is UTC
    assert from_micros_or_none(to_micros_or_none(instant)) == instant


def test_a_naive_time_is_refused():
    with pytest.raises(TypeError):
        to_micros(datetime(2026, 3, 14))  # noqa: DTZ001 - the point of the test
