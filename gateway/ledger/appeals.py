"""Appeals against points: decided within a few working days, points come back, free closes do not (XHS-76 to 81)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from gateway.errors import Conflict, DataError, NotFound
from gateway.ledger import points
from gateway.ledger.points import PointsEntry, PointsKind
from gateway.storage.moments import from_micros, to_micros
from gateway.storage.schema import appeal_entries


class AppealState(StrEnum):
    """How an appeal stands."""

    opened = "opened"
    won = "won"
    lost = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Appeal:
    """One appeal against what an order cost. ``points`` were asked back while it is open, came back once it is won."""

    id: str
    store: str
    order_id: str
    state: AppealState
    points: int
    by: str
    opened_at: datetime
    changed_at: datetime
    because: str


def appeals_of(connection: Connection, store: str | None = None) -> list[Appeal]:
    """Return appeals as they stand, the oldest first."""
    query = select(appeal_entries).order_by(appeal_entries.c.id)
    if store is not None:
        query = query.where(appeal_entries.c.store == store)
    found: dict[str, Appeal] = {}
    for row in connection.execute(query):
        found[row.appeal] = _after(found.get(row.appeal), row)
    return list(found.values())


def open_appeal(
    connection: Connection, store: str, order_id: str, asked: int, *, by: str, at: datetime, because: str
) -> Appeal:
    """Note that a person appeals in the platform's console. The platform itself has no call for it (XHS-76).

    Raises DataError when more is asked back than the order cost, Conflict when an appeal about it is open.
    """
    if any(each.order_id == order_id and each.state is AppealState.opened for each in appeals_of(connection, store)):
        raise Conflict(f"An appeal about order {order_id} is open already: see `gateway appeals list`.")
    stake = points.at_stake(points.entries_of(connection, store), order_id)
    if not 1 <= asked <= stake:
        raise DataError(
            f"Order {order_id} has cost {stake} points that did not come back, so {asked} cannot be appealed. "
            "`gateway points add taken N --order ORDER` notes what the platform took."
        )
    appeal = Appeal(
        id=uuid.uuid4().hex,
        store=store,
        order_id=order_id,
        state=AppealState.opened,
        points=asked,
        by=by,
        opened_at=at,
        changed_at=at,
        because=because,
    )
    _append(connection, appeal)
    return appeal


def settle_appeal(
    connection: Connection, appeal: str, platform: str, *, won: bool, by: str, at: datetime, because: str
) -> Appeal:
    """Note how an appeal ended. A won one gives the points back, and never the free close (XHS-79, XHS-80).

    Raises NotFound, and Conflict when it is settled already.
    """
    found = next((each for each in appeals_of(connection) if each.id == appeal), None)
    if found is None:
        raise NotFound(f"No appeal {appeal}. `gateway appeals list` names them.")
    if found.state is not AppealState.opened:
        raise Conflict(f"Appeal {appeal} is {found.state.value} already.")
    state = AppealState.won if won else AppealState.lost
    ended = replace(found, state=state, by=by, changed_at=at, because=because)
    _append(connection, ended)
    if won:
        back = PointsEntry(
            store=found.store,
            kind=PointsKind.returned,
            points=found.points,
            order_id=found.order_id,
            rule="XHS-79",
            by=by,
            at=at,
            because=f"appeal {appeal} was won",
        )
        points.add(connection, back, platform)
    return ended


def _append(connection: Connection, appeal: Appeal) -> None:
    connection.execute(
        insert(appeal_entries).values(
            appeal=appeal.id,
            store=appeal.store,
            order_id=appeal.order_id,
            state=appeal.state,
            points=appeal.points,
            by=appeal.by,
            at=to_micros(appeal.changed_at),
            because=appeal.because,
        )
    )


def _after(before: Appeal | None, row: Row[Any]) -> Appeal:
    at = from_micros(row.at)
    return Appeal(
        id=row.appeal,
        store=row.store,
        order_id=row.order_id,
        state=AppealState(row.state),
        points=row.points,
        by=row.by,
        opened_at=at if before is None else before.opened_at,
        changed_at=at,
        because=row.because,
    )
