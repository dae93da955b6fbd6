"""Orders and requests into the tables: the hot path of every pull."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import orjson
from sqlalchemy import Connection, bindparam, case, func, insert, literal_column, or_, select, update

from gateway.model.after_sale import AfterSale
from gateway.orders.documents import read_order, read_request, untold_in
from gateway.orders.keys import OrderKeys, label, same_order
from gateway.orders.known import Known
from gateway.orders.merge import converge, merge_request, settled_by
from gateway.orders.prepared import PreparedBatch, PreparedOrder, prepare, prepare_batch
from gateway.orders.rows import TITLE, Row, Values, order_row, request_row, title_rows
from gateway.orders.traces import traces_of
from gateway.ports import AfterSalePage, OrderBatch, RawItem
from gateway.storage.moments import to_micros
from gateway.storage.schema import after_sales, order_keys, order_lines, order_personal, order_raw, orders, titles
from gateway.storage.statements import delete_by_key, each_of, insert_many, insert_new, one_of, run_many, upsert
from gateway.storage.vault import Vault
from gateway.work.wake import wake_cases

_ONE_ORDER = (orders.c.store == bindparam("the_store")) & (orders.c.order_id == bindparam("the_order_id"))
_NEW_LINE = insert(order_lines)
_SEEN = update(orders).where(_ONE_ORDER).values(seen_at=bindparam("now"))
_TOUCHED = (
    update(orders)
    .where(_ONE_ORDER)
    .values(seen_at=bindparam("now"), changed_at=bindparam("now"), version=orders.c.version + literal_column("1"))
)
_IDS = each_of("ids")
_ORDERS_STORED = select(
    _IDS.c.value,
    orders.c.updated_at,
    orders.c.document,
    orders.c.version,
    order_personal.c.sealed,
    order_keys.c.wrapped,  # there may be one before the order itself: see `gateway.orders.quarantine`
).select_from(
    _IDS.outerjoin(orders, (orders.c.store == bindparam("the_store")) & (orders.c.order_id == _IDS.c.value))
    .outerjoin(order_personal, same_order(orders, order_personal))
    .outerjoin(order_keys, (order_keys.c.store == bindparam("the_store")) & (order_keys.c.order_id == _IDS.c.value))
)
_REQUESTS_STORED = select(after_sales.c.request_id, after_sales.c.document).where(
    after_sales.c.store == bindparam("the_store"), one_of(after_sales.c.request_id, "ids")
)
_IS_OPEN = after_sales.c.state == "open"
_REQUESTS_PENDING = select(
    after_sales.c.order_id,
    after_sales.c.request_id,
    after_sales.c.document,
    _IS_OPEN.label("is_open"),
    after_sales.c.due_at,
).where(
    after_sales.c.store == bindparam("the_store"),
    or_(_IS_OPEN, after_sales.c.due_at.is_not(None)),
    one_of(after_sales.c.order_id, "ids"),
)
_RAW_REQUEST = (
    update(after_sales)
    .where(after_sales.c.store == bindparam("the_store"), after_sales.c.request_id == bindparam("the_id"))
    .values(sealed_raw=bindparam("raw"))
)
_NEAREST_REQUEST = (
    select(func.min(after_sales.c.due_at))
    .where(after_sales.c.store == orders.c.store, after_sales.c.order_id == orders.c.order_id)
    .scalar_subquery()
)
_DUE = (
    update(orders)
    .where(_ONE_ORDER)
    .values(
        due_at=case(
            (orders.c.own_due_at <= _NEAREST_REQUEST, orders.c.own_due_at),
            else_=func.coalesce(_NEAREST_REQUEST, orders.c.own_due_at),
        )
    )
)


@dataclass(frozen=True, slots=True)
class Changes:
    """What a batch did: ids of new or changed orders, and how many were as stored or older than stored."""

    changed: list[str] = field(default_factory=list)
    unchanged: int = 0
    stale: int = 0


@dataclass(slots=True)
class _Stored:
    """An order as the tables hold it; ``known`` is made only when it is needed."""

    updated_at: int
    document: bytes
    version: int
    personal: bytes | None
    known: Known | None = None


@dataclass(slots=True)
class _Writing:
    """The rows one batch writes, by order id. ``replaced`` names orders whose earlier lines must go."""

    orders: dict[str, Values] = field(default_factory=dict)
    lines: dict[str, Sequence[Values]] = field(default_factory=dict)
    personal: dict[str, Values] = field(default_factory=dict)
    raws: dict[str, Values] = field(default_factory=dict)
    replaced: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)
    touched: set[str] = field(default_factory=set)  # only a request of theirs changed


def upsert_orders(connection: Connection, vault: Vault, batch: OrderBatch, now: datetime) -> Changes:
    """Merge the orders of ``batch`` into what is stored: `upsert_prepared` of orders not prepared yet."""
    return upsert_prepared(connection, vault, prepare_batch(batch), now)


def upsert_prepared(connection: Connection, vault: Vault, batch: PreparedBatch, now: datetime) -> Changes:
    """Merge the orders of ``batch`` into what is stored (see `gateway.orders.merge`) and return what changed.

    Each order's raw words are kept with the newest reading. Personal data and raw words are sealed with the order's
    key; for an order whose person was erased they are not stored.
    The bad and unmapped items of the batch are left to `quarantine` and `alerts`. Cases of changed orders are woken.
    """
    by_store: dict[str, list[PreparedOrder]] = {}
    for order in batch.orders:
        by_store.setdefault(order.store, []).append(order)
    changes = []
    for store, items in by_store.items():
        changes.append(_upsert_store(connection, vault, store, items, to_micros(now)))
        if changes[-1].changed:
            wake_cases(connection, store, changes[-1].changed, now, "order_changed")
    return Changes(
        [order_id for change in changes for order_id in change.changed],
        sum(change.unchanged for change in changes),
        sum(change.stale for change in changes),
    )


def upsert_after_sales(connection: Connection, vault: Vault, page: AfterSalePage, now: datetime) -> list[str]:
    """Merge the requests of ``page`` into what is stored and return the ids of those that are new or changed.

    A request may come before its order: it is kept, and shows with the order as soon as that is stored. Cases of the
    orders concerned are woken at ``now``; requests themselves carry the platform's times only.
    """
    by_store: dict[str, list[tuple[AfterSale, RawItem | None]]] = {}
    raws: Iterable[RawItem | None] = page.raws or [None] * len(page.after_sales)
    for request, raw in zip(page.after_sales, raws, strict=True):
        by_store.setdefault(request.store, []).append((request, raw))
    changed: list[str] = []
    for store, items in by_store.items():
        keys = OrderKeys.load(connection, vault, store, [request.order_id for request, _ in items])
        fresh = _merge_requests(connection, store, [request for request, _ in items])
        changed += fresh
        sealed = []
        for request, raw in items:
            key = keys.of(request.order_id)
            if raw is not None and key is not None and request.request_id in fresh:
                words = vault.seal(key, raw.body, label("after_sales", store, request.request_id))
                sealed.append({"the_store": store, "the_id": request.request_id, "raw": words})
        keys.save(connection)
        run_many(connection, _RAW_REQUEST, sealed)
        _refresh_due(connection, store, set(fresh.values()))
        if fresh:
            wake_cases(connection, store, fresh.values(), now, "order_changed")
    return changed


def _wanted(store: str, ids: Sequence[str]) -> dict[str, str]:
    return {"the_store": store, "ids": orjson.dumps(ids).decode()}


def _merge_requests(connection: Connection, store: str, requests: Sequence[AfterSale]) -> dict[str, str]:
    """Merge requests of one store and return the ids of the changed ones, each with its order's id."""
    if not requests:
        return {}
    wanted = _wanted(store, [request.request_id for request in requests])
    stored = {
        request_id: read_request(document) for request_id, document in connection.execute(_REQUESTS_STORED, wanted)
    }
    rows: dict[str, Row] = {}
    for request in requests:
        merged = merge_request(stored.get(request.request_id), request)
        if merged is not None:
            stored[request.request_id] = merged
            rows[request.request_id] = request_row(merged)
    statement = upsert(connection, after_sales, guard="updated_at", keep=("sealed_raw",))
    run_many(connection, statement, list(rows.values()))
    return {request_id: row["order_id"] for request_id, row in rows.items()}


def _upsert_store(
    connection: Connection, vault: Vault, store: str, items: Sequence[PreparedOrder], now: int
) -> Changes:
    keys, stored = _load(connection, vault, store, list({order.order_id for order in items}))
    requests = _merge_requests(connection, store, [request for order in items for request in order.requests])
    asked = set(requests.values())
    changed: dict[str, None] = {}
    unchanged = stale = 0
    writing = _Writing()
    for told in items:
        order_id, key = told.order_id, keys.of(told.order_id)
        before = stored.get(order_id)
        after = _merged(before, told, with_person=key is not None)
        is_newest = before is None or told.updated_at >= before.updated_at
        if after is not None:
            changed[order_id] = None
            stored[order_id] = _stage(writing, vault, key, before, after, now)
            if told.raw is not None and key is not None and is_newest:
                sealed = vault.seal(key, told.raw, label("order_raw", store, order_id))
                writing.raws[order_id] = (store, order_id, sealed)
        elif order_id in asked:
            changed[order_id] = None
            writing.touched.add(order_id)
        else:
            stale += not is_newest
            unchanged += is_newest
            writing.seen.add(order_id)
    keys.save(connection)
    _write(connection, store, writing, now)
    told_last = {order.order_id: order for order in items if order.updated_at == stored[order.order_id].updated_at}
    settled, waiting = _settle_requests(connection, store, stored, told_last)
    changed |= dict.fromkeys(settled)
    _refresh_due(connection, store, asked.union(settled, waiting))
    return Changes(list(changed), unchanged, stale)


def _settle_requests(
    connection: Connection, store: str, stored: Mapping[str, _Stored], told_last: Mapping[str, PreparedOrder]
) -> tuple[list[str], list[str]]:
    """Settle open requests that the newest reading of their order no longer carries.

    Returns the ids of their orders, and those of the orders with a request that sets a deadline.
    """
    found = connection.execute(_REQUESTS_PENDING, _wanted(store, list(stored))).all()
    rows: list[Row] = []
    for order_id, request_id, document in (row[:3] for row in found if row.is_open):
        told = told_last.get(order_id)
        if told is not None and any(carried.request_id == request_id for carried in told.requests):
            continue  # said once more
        request = read_request(document)
        if told is not None:
            newest = told.order(with_person=False, with_requests=True)
        else:
            newest = read_order(stored[order_id].document, None, ()).order
            if request.updated_at == newest.updated_at:
                continue  # the reading that is stored may well have carried it: requests are not in its document
        after = settled_by(newest, request)
        if after is not request:
            rows.append(request_row(after))
    run_many(connection, upsert(connection, after_sales, guard="updated_at", keep=("sealed_raw",)), rows)
    waiting = [str(row.order_id) for row in found if row.due_at is not None]
    return [str(row["order_id"]) for row in rows], waiting


def _refresh_due(connection: Connection, store: str, order_ids: Iterable[str]) -> None:
    """Work out `orders.due_at` anew where a request has, or had, a say in it."""
    run_many(connection, _DUE, [{"the_store": store, "the_order_id": order_id} for order_id in order_ids])


def _load(connection: Connection, vault: Vault, store: str, ids: Sequence[str]) -> tuple[OrderKeys, dict[str, _Stored]]:
    """Return what is stored of the orders named, opened, and their keys."""
    rows = connection.execute(_ORDERS_STORED, _wanted(store, ids)).all()
    there = [row for row in rows if row.updated_at is not None]
    wrapped = {row.value: row.wrapped for row in rows if row.wrapped is not None}
    keys = OrderKeys(vault, store, (row.value for row in there), wrapped)
    found: dict[str, _Stored] = {}
    for order_id, updated_at, document, version, sealed, _ in there:
        key = keys.of(order_id)
        personal = None
        if sealed is not None and key is not None:
            personal = vault.open(key, sealed, label("order_personal", store, order_id))
        found[order_id] = _Stored(updated_at, document, version, personal)
    return keys, found


def _merged(before: _Stored | None, told: PreparedOrder, *, with_person: bool) -> PreparedOrder | None:
    """Return the order as known now, requests aside, or None when nothing changes."""
    if before is None:
        return told
    if (
        told.updated_at == before.updated_at
        and (before.personal is None or told.personal == before.personal)
        and told.document == before.document
    ):
        return None  # told again: most of an overlapping window; reading the stored order back would cost more
    clear = with_person and told.hides_nobody
    if clear and told.updated_at >= before.updated_at and told.absent.issubset(untold_in(before.document)):
        return told
    if before.known is None:
        before.known = read_order(before.document, before.personal, ())
    known = converge(before.known, told.order(with_person=with_person, with_requests=False))
    return None if known is None else prepare(known.order, known.as_of)


def _stage(
    writing: _Writing, vault: Vault, key: bytes | None, before: _Stored | None, after: PreparedOrder, now: int
) -> _Stored:
    """Put the rows of one changed order among those to write and return it as it will be stored."""
    store, order_id = after.store, after.order_id
    version = 1 if before is None else before.version + 1
    writing.orders[order_id] = order_row(after.values, after.document, version, now)
    writing.lines[order_id] = after.lines
    if before is not None:
        writing.replaced.add(order_id)
    personal = None
    if key is not None:
        personal = after.personal
        if before is None or personal != before.personal:
            sealed = vault.seal(key, personal, label("order_personal", store, order_id))
            traces = traces_of(vault, store, after.findable)
            writing.personal[order_id] = (store, order_id, sealed, *traces.values())
    return _Stored(after.updated_at, after.document, version, personal)


def _write(connection: Connection, store: str, writing: _Writing, now: int) -> None:
    def named(order_ids: Iterable[str], **more: object) -> list[Row]:
        return [{"the_store": store, "the_order_id": order_id, **more} for order_id in order_ids]

    insert_many(connection, upsert(connection, orders, guard="updated_at"), list(writing.orders.values()))
    run_many(connection, delete_by_key(connection, order_lines, ("store", "order_id")), named(writing.replaced))
    lines = [row for rows in writing.lines.values() for row in rows]
    insert_many(connection, insert_new(connection, titles), title_rows({row[TITLE] for row in lines}))
    insert_many(connection, _NEW_LINE, lines)
    insert_many(connection, upsert(connection, order_personal), list(writing.personal.values()))
    insert_many(connection, upsert(connection, order_raw), list(writing.raws.values()))
    run_many(connection, _TOUCHED, named(writing.touched - writing.orders.keys(), now=now))
    run_many(connection, _SEEN, named(writing.seen - writing.orders.keys() - writing.touched, now=now))
