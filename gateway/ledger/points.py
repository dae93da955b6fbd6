"""A store's points: read by a person, told by the platform, or expected from what was done.

Xiaohongshu counts a score down from 100, Shopee counts penalty points up from 0. A reading of the whole, by a person
or from the platform, replaces what was expected before it: the platform has spoken.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select

from gateway.errors import DataError, Refused
from gateway.model.store import Platform
from gateway.storage.moments import from_micros, to_micros
from gateway.storage.schema import points_entries

_OF_STORE = select(points_entries).where(points_entries.c.store == bindparam("the_store")).order_by(points_entries.c.id)


class PointsKind(StrEnum):
    """What a row says. The first two are readings of the whole, the others changes."""

    told = "told"  # by the platform's API
    read = "read"  # by a person, in the console
    taken = "taken"  # the platform took them, as a person saw
    expected = "expected"
    withdrawn = "withdrawn"  # no longer expected
    returned = "returned"  # by a won appeal


@dataclass(frozen=True, slots=True)
class Scale:
    """How a platform counts. ``step`` is what one point taken does to the standing."""

    name: str
    start: int
    step: int
    rule_of_close: str  # what a close beyond the free ones, or above the line, is punished by


_SCALES = {
    Platform.xiaohongshu: Scale("credit_score", 100, -1, "XHS-13"),
    Platform.shopee: Scale("penalty_points", 0, 1, "SHP-06"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsEntry:
    """One row. ``points`` is the whole in a reading, else how many."""

    store: str
    kind: PointsKind
    points: int
    order_id: str | None
    rule: str | None
    by: str
    at: datetime
    because: str


@dataclass(frozen=True, slots=True)
class PointsStanding:
    """Where a store stands: ``known``, ``expected`` to be taken beyond that, and what then is left or reached."""

    scale: str
    known: int
    expected: int
    projected: int
    read_at: datetime | None  # of the last reading of the whole


def scale_of(platform: str) -> Scale | None:
    """Return how a platform counts points, None where no rule speaks of any."""
    return _SCALES.get(Platform.of(platform))


def entries_of(connection: Connection, store: str) -> list[PointsEntry]:
    """Return a store's rows, the oldest first."""
    return [_entry(row) for row in connection.execute(_OF_STORE, {"the_store": store})]


def standing_of(connection: Connection, store: str, platform: str) -> PointsStanding | None:
    """Return where a store stands, None on a platform without points."""
    scale = scale_of(platform)
    return None if scale is None else fold(scale, entries_of(connection, store))


def fold(scale: Scale, entries: list[PointsEntry]) -> PointsStanding:
    """Return the standing that rows, the oldest first, add up to. Pure; nothing in it is ever below 0."""
    known, read_at = scale.start, None
    pending: dict[str | None, int] = {}
    for entry in entries:
        waiting = pending.get(entry.order_id, 0)
        if entry.kind in {PointsKind.told, PointsKind.read}:
            known, read_at = entry.points, entry.at
            pending.clear()
        elif entry.kind is PointsKind.expected:
            pending[entry.order_id] = waiting + entry.points
        elif entry.kind is PointsKind.withdrawn:
            pending[entry.order_id] = max(0, waiting - entry.points)
        elif entry.kind is PointsKind.taken:
            known = max(0, known + scale.step * entry.points)
            pending[entry.order_id] = max(0, waiting - entry.points)  # what was expected has come
        else:
            early = min(waiting, entry.points)  # appealed before they were taken
            pending[entry.order_id] = waiting - early
            known = _given_back(scale, known, entry.points - early)
    expected = sum(pending.values())
    return PointsStanding(scale.name, known, expected, max(0, known + scale.step * expected), read_at)


def at_stake(entries: list[PointsEntry], order_id: str) -> int:
    """Return how many points an order has cost, or is expected to, that no appeal gave back. Pure."""
    mine = [entry for entry in entries if entry.order_id == order_id]

    def total(kind: PointsKind) -> int:
        return sum(entry.points for entry in mine if entry.kind is kind)

    expected = max(0, total(PointsKind.expected) - total(PointsKind.withdrawn))
    return max(0, max(expected, total(PointsKind.taken)) - total(PointsKind.returned))


def add(connection: Connection, entry: PointsEntry, platform: str) -> None:
    """Append a row. Raises Refused on a platform without points, DataError for a number that cannot be."""
    scale = scale_of(platform)
    if scale is None:
        raise Refused(f"No rule known here gives or takes points on {platform}.")
    whole = entry.kind in {PointsKind.told, PointsKind.read}
    if entry.points < (0 if whole else 1) or (whole and scale.start and entry.points > scale.start):
        most = f" to {scale.start}" if whole and scale.start else ""
        raise DataError(f"{entry.points} points cannot be: give {'0' if whole else '1'}{most} or more.")
    connection.execute(
        insert(points_entries).values(
            store=entry.store,
            kind=entry.kind,
            points=entry.points,
            order_id=entry.order_id,
            rule=entry.rule,
            by=entry.by,
            at=to_micros(entry.at),
            because=entry.because,
        )
    )


def is_news(connection: Connection, store: str, platform: str, points: int | None) -> bool:
    """Tell whether the whole as the platform tells it differs from what was read last."""
    scale = scale_of(platform)
    if points is None or scale is None:
        return False
    query = (
        select(points_entries.c.points)
        .where(points_entries.c.store == store, points_entries.c.kind.in_([PointsKind.told, PointsKind.read]))
        .order_by(points_entries.c.id.desc())
        .limit(1)
    )
    last = connection.execute(query).scalar_one_or_none()
    return points != (scale.start if last is None else last)


def hear(connection: Connection, store: str, platform: str, points: int | None, at: datetime) -> None:
    """Book the whole as the platform tells it, when it is news.

    The same number told again is not: what is expected stays expected.
    """
    if points is not None and is_news(connection, store, platform, points):
        heard = PointsEntry(
            store=store,
            kind=PointsKind.told,
            points=points,
            order_id=None,
            rule=None,
            by="platform",
            at=at,
            because="the platform's own word",
        )
        add(connection, heard, platform)


def expect(
    connection: Connection,
    store: str,
    platform: str,
    points: int,
    *,
    order_id: str,
    rule: str,
    at: datetime,
    because: str,
) -> None:
    """Book points that the platform is expected to take for an order; none for 0."""
    if points:
        entry = PointsEntry(
            store=store,
            kind=PointsKind.expected,
            points=points,
            order_id=order_id,
            rule=rule,
            by="gateway",
            at=at,
            because=because,
        )
        add(connection, entry, platform)


def withdraw(connection: Connection, store: str, platform: str, order_id: str, at: datetime, because: str) -> None:
    """Expect nothing any more for an order."""
    entries = [each for each in entries_of(connection, store) if each.order_id == order_id]
    expected = sum(each.points for each in entries if each.kind is PointsKind.expected)
    left = expected - sum(each.points for each in entries if each.kind is PointsKind.withdrawn)
    if left > 0:
        entry = PointsEntry(
            store=store,
            kind=PointsKind.withdrawn,
            points=left,
            order_id=order_id,
            rule=None,
            by="gateway",
            at=at,
            because=because,
        )
        add(connection, entry, platform)


def _given_back(scale: Scale, known: int, points: int) -> int:
    back = known - scale.step * points
    return max(0, back) if scale.step > 0 else min(max(known, scale.start), back)


def _entry(row: Row[Any]) -> PointsEntry:
    return PointsEntry(
        store=row.store,
        kind=PointsKind(row.kind),
        points=row.points,
        order_id=row.order_id,
        rule=row.rule,
        by=row.by,
        at=from_micros(row.at),
        because=row.because,
    )
