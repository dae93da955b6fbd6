"""Notices that others told (stock, supply, refunds) whose cause is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Row, func, select

from gateway.cases.case import CaseState
from gateway.cases.notices import Notice, notices_like
from gateway.cases.supply import ALIVE
from gateway.orders.deadlines import BEFORE_SHIPMENT
from gateway.storage.schema import cases, orders, stock_levels


def gone(c: Connection) -> Iterator[str]:
    """Return the keys of the notices that stand though their cause is gone."""
    for notice in notices_like(c, kinds=_HOLDS.keys()):
        if not _HOLDS[notice.kind](c, notice):
            yield notice.key


def _is_low(c: Connection, notice: Notice) -> bool:
    level = _level(c, notice)
    return level is not None and bool(level.low)


def _is_out(c: Connection, notice: Notice) -> bool:
    level = _level(c, notice)
    return level is not None and level.quantity == 0


def _level(c: Connection, notice: Notice) -> Row[Any] | None:
    table = stock_levels
    mine = (table.c.sku == notice.details.get("sku")) & (table.c.supplier == notice.details.get("supplier"))
    return c.execute(select(table).where(table.c.store == notice.store, mine)).first()


def _is_stale(c: Connection, notice: Notice) -> bool:
    table = stock_levels
    mine = (table.c.store == notice.store) & (table.c.supplier == notice.details.get("supplier"))
    newest = c.execute(select(func.max(table.c.at)).where(mine)).scalar_one()
    return notice.key.startswith(f"stock_stale:{newest}:")


def _lacks_goods(c: Connection, notice: Notice) -> bool:
    return _phase(c, notice) in {each.value for each in BEFORE_SHIPMENT}


def _is_alive(c: Connection, notice: Notice) -> bool:
    return _phase(c, notice) in {each.value for each in ALIVE}


def _phase(c: Connection, notice: Notice) -> str | None:
    mine = (orders.c.store == notice.store) & (orders.c.order_id == notice.order_id)
    return c.execute(select(orders.c.phase).where(mine)).scalar_one_or_none()


def _is_watched(c: Connection, notice: Notice) -> bool:
    found = c.execute(select(cases.c.state).where(cases.c.id == notice.details.get("case"))).scalar_one_or_none()
    return found is not None and found != CaseState.settled.value


_HOLDS: Mapping[str, Callable[[Connection, Notice], bool]] = {
    "stock_low": _is_low,
    "stock_out": _is_out,
    "supplier_out_of_stock": _is_out,
    "stock_stale": _is_stale,
    "supply_ended": _lacks_goods,
    "purchase_orphaned": _is_alive,
    "refund_overdue": _is_watched,
}
