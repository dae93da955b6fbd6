"""Instants as whole microseconds since the epoch: how every time stands in the tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_micros(instant: datetime) -> int:
    """Return an aware instant as microseconds since the epoch, exactly. Raises TypeError when it is naive."""
    return (instant - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """Return the instant, in UTC, that ``micros`` microseconds since the epoch name."""
    return _EPOCH + timedelta(microseconds=micros)


def to_micros_or_none(instant: datetime | None) -> int | None:
    """Return `to_micros`, and None for None."""
    return None if instant is None else (instant - _EPOCH) // _MICROSECOND


def from_micros_or_none(micros: int | None) -> datetime | None:
    """Return `from_micros`, and None for None."""
    return None if micros is None else _EPOCH + timedelta(microseconds=micros)
