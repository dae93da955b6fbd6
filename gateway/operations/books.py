"""The books of the stores: free closes, points, rates, appeals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from gateway.errors import Conflict, DataError, NeedsApproval, Refused
from gateway.ledger import appeals as kept_appeals
from gateway.ledger import points, quota
from gateway.ledger.appeals import Appeal, AppealState
from gateway.ledger.booking import held_by_effect
from gateway.ledger.forecast import LineForecast, QuotaForecast, line_forecasts, quota_forecast
from gateway.ledger.points import PointsEntry, PointsKind, PointsStanding
from gateway.ledger.quota import CloseEntry, CloseState
from gateway.ledger.working_days import end_of_working_days
from gateway.model.store import Role, Store
from gateway.operations.context import Context
from gateway.operations.orders import store_of_order
from gateway.operations.stores import chosen_stores
from gateway.ports import HealthSource
from gateway.storage import audit

_APPEALS_TAKE = "XHS-78"
BY_HAND = frozenset({PointsKind.read, PointsKind.taken})
"""What a person may book: a reading of the whole, or points seen taken."""


@dataclass(frozen=True, slots=True)
class Health:
    """Where the lines of some stores stand, and since when their points are known (None: never read)."""

    lines: list[LineForecast]
    points_read: dict[str, datetime | None]


@dataclass(frozen=True, slots=True)
class KnownAppeal:
    """An appeal, and by when the platform should have decided it (XHS-78); None once it is settled or without a rule.

    ``calendar`` says what is not known of the public holidays up to then; empty where all is known.
    """

    appeal: Appeal
    decided_by: datetime | None
    calendar: str = ""


async def show_quota(context: Context, *, store: str | None = None) -> list[QuotaForecast]:
    """Return the free closes of this month, of one store or of all that have any. Raises NotFound."""
    stores = await _sellers(context, store)
    now = context.clock.now()

    def read(c: Connection) -> list[QuotaForecast]:
        return [found for each in stores if (found := quota_forecast(c, each, context.rules, now)) is not None]

    return await context.database.read(read)


async def show_health(context: Context, *, store: str | None = None) -> Health:
    """Return rates and points of one store or of all, against the lines of their platforms. Raises NotFound."""
    stores = await _sellers(context, store)
    now = context.clock.now()

    def read(c: Connection) -> Health:
        standings = {each.id: points.standing_of(c, each.id, each.platform) for each in stores}
        return Health(
            [line for each in stores for line in line_forecasts(c, each, context.rules, now)],
            {name: standing.read_at for name, standing in standings.items() if standing is not None},
        )

    return await context.database.read(read)


async def list_closes(context: Context, *, store: str | None = None) -> list[CloseEntry]:
    """Return the closes in the books as they stand, the last booked first (XHS-18). Raises NotFound."""
    stores = await _sellers(context, store)
    found = await context.database.read(
        lambda c: [entry for each in stores for entry in quota.latest_entries(c, each.id).values()]
    )
    return sorted(found, key=lambda entry: (entry.at, entry.store, entry.order_id), reverse=True)


async def release_close(context: Context, order_id: str, *, store: str | None = None, by: str) -> CloseEntry:
    """Give back what was held for a close that a person was to make and will not.

    Raises Conflict when nothing is held, or when it is held for an effect: that settles itself.
    """
    now = context.clock.now()

    def write(c: Connection) -> CloseEntry:
        owner = store_of_order(c, order_id, store)
        held = quota.entry_of(c, owner, order_id)
        if held is None or held.state is not CloseState.reserved:
            raise Conflict(f"Nothing is held for a close of order {order_id}: see `gateway closes list`.")
        if held_by_effect(c, held):
            raise Conflict(
                f"The close of order {order_id} is on its way to the platform; what became of it settles it."
            )
        quota.release(c, owner, order_id, held.holder, now, f"{by} will not close it")
        audit.append(c, now, by, "close_released", owner, order_id)
        released = quota.entry_of(c, owner, order_id)
        if released is None:
            raise RuntimeError("an entry that was just written is gone")
        return released

    return await context.database.write(write)


async def add_points(
    context: Context,
    kind: PointsKind,
    number: int,
    *,
    store: str | None = None,
    order: str | None = None,
    because: str = "",
    by: str,
) -> PointsStanding:
    """Book what a person saw in the console: the whole as it stands (`read`), or points `taken` for an order.

    Raises Refused for a platform without points, DataError, NotFound.
    """
    if kind not in BY_HAND:
        raise DataError(f"{kind.value} is not booked by hand: give {' or '.join(sorted(BY_HAND))}.")
    if kind is PointsKind.taken and order is None:
        raise DataError("Points are taken for an order: name it with --order.")
    owner = await _one_store(context, store, order)
    now = context.clock.now()
    entry = PointsEntry(
        store=owner.id, kind=kind, points=number, order_id=order, rule=None, by=by, at=now, because=because
    )

    def write(c: Connection) -> PointsStanding:
        points.add(c, entry, owner.platform)
        audit.append(c, now, by, f"points_{kind}", owner.id, order, {"points": str(number)})
        return _standing(c, owner)

    return await context.database.write(write)


async def pull_points(context: Context, *, store: str | None = None) -> dict[str, PointsStanding]:
    """Ask the platforms that tell a store's points for them; return where these stores stand. Raises NotFound."""
    told: dict[str, PointsStanding] = {}
    for each in await _sellers(context, store):
        adapter = context.adapter_for(each.platform)
        if not isinstance(adapter, HealthSource) or points.scale_of(each.platform) is None:
            continue
        connection = await context.connections.open(each.id)
        health = await adapter.read_health(connection.channel)
        now = context.clock.now()

        def write(c: Connection, owner: Store = each, number: int | None = health.penalty_points) -> PointsStanding:
            points.hear(c, owner.id, owner.platform, number, now)  # noqa: B023 - run before the next turn
            return _standing(c, owner)

        told[each.id] = await context.database.write(write)
    return told


async def list_points(context: Context, *, store: str | None = None) -> list[PointsEntry]:
    """Return what was booked about points, the newest first. Raises NotFound."""
    stores = await _sellers(context, store)
    found = await context.database.read(lambda c: [entry for each in stores for entry in points.entries_of(c, each.id)])
    return sorted(found, key=lambda entry: entry.at, reverse=True)


async def open_appeal(
    context: Context,
    order_id: str,
    asked: int,
    *,
    store: str | None = None,
    because: str = "",
    approved: bool = False,
    by: str,
) -> KnownAppeal:
    """Note that a person appeals in the console against what an order cost (XHS-76).

    Raises NeedsApproval without a yes, for appeals are not to be wasted (XHS-81); DataError when more is asked back
    than it cost; Conflict when one is open.
    """
    owner = await _one_store(context, store, order_id)
    if not approved:
        raise NeedsApproval(
            "An appeal is made once, with true and complete material, and not lightly (XHS-77, XHS-81). It may give "
            "points back, but no free close (XHS-80). Repeat with --yes.",
            reasons=("appeal",),
        )
    now = context.clock.now()

    def write(c: Connection) -> Appeal:
        appeal = kept_appeals.open_appeal(c, owner.id, order_id, asked, by=by, at=now, because=because)
        audit.append(c, now, by, "appeal_opened", owner.id, order_id, {"points": str(asked)})
        return appeal

    return _known(context, owner, await context.database.write(write))


async def settle_appeal(context: Context, appeal: str, *, won: bool, because: str = "", by: str) -> KnownAppeal:
    """Note how an appeal ended: a won one gives its points back (XHS-79). Raises NotFound, Conflict."""
    stores = {each.id: each for each in await _sellers(context, None)}
    now = context.clock.now()

    def write(c: Connection) -> Appeal:
        about = next((each.store for each in kept_appeals.appeals_of(c) if each.id == appeal), None)
        platform = stores[about].platform if about in stores else ""
        ended = kept_appeals.settle_appeal(c, appeal, platform, won=won, by=by, at=now, because=because)
        audit.append(c, now, by, f"appeal_{ended.state}", ended.store, ended.order_id, {"points": str(ended.points)})
        return ended

    ended = await context.database.write(write)
    return _known(context, stores[ended.store], ended)


async def list_appeals(context: Context, *, store: str | None = None) -> list[KnownAppeal]:
    """Return appeals, the oldest first. Raises NotFound."""
    stores = await _sellers(context, store)
    return await context.database.read(
        lambda c: [_known(context, each, appeal) for each in stores for appeal in kept_appeals.appeals_of(c, each.id)]
    )


async def _sellers(context: Context, store: str | None) -> list[Store]:
    chosen = await chosen_stores(context, [store] if store is not None else [])
    return [each for each in chosen if each.role is Role.seller]


async def _one_store(context: Context, store: str | None, order: str | None) -> Store:
    if store is None and order is not None:
        store = await context.database.read(lambda c: store_of_order(c, order, None))
    stores = await _sellers(context, store)
    if len(stores) != 1:
        raise DataError(
            f"Which store is meant is not clear: name one with --store ({', '.join(s.id for s in stores)})."
        )
    return stores[0]


def _standing(connection: Connection, store: Store) -> PointsStanding:
    standing = points.standing_of(connection, store.id, store.platform)
    if standing is None:
        raise Refused(f"No rule known here gives or takes points on {store.platform}.")
    return standing


def _known(context: Context, store: Store, appeal: Appeal) -> KnownAppeal:
    advice = context.rules.advice.get(_APPEALS_TAKE)
    if appeal.state is not AppealState.opened or advice is None:
        return KnownAppeal(appeal, None)
    days = advice.numbers["working_days"]
    end = end_of_working_days(appeal.opened_at, days, ZoneInfo(store.time_zone), store.region)
    return KnownAppeal(appeal, end.by, end.words)
