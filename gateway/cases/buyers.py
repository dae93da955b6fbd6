"""Buyers on a list: who orders in bad faith or gives back again and again (XHS-74, 75).

Who a buyer is, is compared by keyed hashes of the platform's own id of them; neither id nor name stands in clear. A
mark is raised and lifted by rows that are only appended: the last one of a buyer and a mark counts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, insert, select

from gateway.cases.supply import Key
from gateway.model.after_sale import RequestKind, RequestState
from gateway.orders.buyer_marks import buyer_trace, standing_marks
from gateway.orders.store import order as stored_order
from gateway.storage import audit
from gateway.storage.moments import from_micros, to_micros
from gateway.storage.schema import after_sales, buyer_marks
from gateway.storage.vault import Vault

SHORT = 12
"""Hexadecimal digits by which a buyer is shown and named."""

_GIVEN_BACK = [RequestKind.refund.value, RequestKind.return_refund.value]
_COUNTED = [RequestState.agreed.value, RequestState.done.value]


class BuyerMark(StrEnum):
    """Why a buyer is on the list."""

    malicious = "malicious"  # ordered in bad faith
    refunds = "refunds"  # gives back again and again
    reviews = "reviews"  # reviews in bad faith


@dataclass(frozen=True, slots=True)
class MarkedBuyer:
    """A mark that stands. ``buyer`` names the buyer without telling who it is; ``orders`` made it known."""

    store: str
    buyer: str
    mark: BuyerMark
    times: int
    orders: tuple[str, ...]
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Refunder:
    """A buyer and how often money went back to them within a span, with the orders, the newest last."""

    store: str
    buyer: str
    refunds: int
    amount_minor: int
    currency: str
    orders: tuple[str, ...]
    marks: tuple[BuyerMark, ...]


def mark_buyer(c: Connection, vault: Vault, order: Key, mark: BuyerMark, *, by: str, now: datetime) -> bool:
    """Put the buyer of an order on the list; return False when who it is, is not known (any more)."""
    return _append(c, vault, order, mark, raised=True, by=by, now=now)


def clear_buyer(c: Connection, vault: Vault, order: Key, mark: BuyerMark, *, by: str, now: datetime) -> bool:
    """Take the buyer of an order off the list; return False when who it is, is not known."""
    return _append(c, vault, order, mark, raised=False, by=by, now=now)


def marks_of(c: Connection, store: str, trace: bytes) -> list[BuyerMark]:
    """Return the marks of a buyer that stand."""
    return [BuyerMark(each) for each in standing_marks(c, store, [trace]).get(trace, ())]


def marked(c: Connection, stores: Sequence[str]) -> list[MarkedBuyer]:
    """Return the marks that stand, those raised most often first."""
    table = buyer_marks
    found: dict[tuple[str, bytes, str], list[tuple[str, str, int]]] = defaultdict(list)
    for row in c.execute(select(table).where(table.c.store.in_(list(stores))).order_by(table.c.id)):
        key = (row.store, bytes(row.trace), row.mark)
        if row.raised:
            found[key].append((row.order_id, row.by, row.at))
        else:
            found.pop(key, None)
    listed = [
        MarkedBuyer(
            store,
            short(trace),
            BuyerMark(mark),
            len({order for order, _, _ in told}),
            tuple(dict.fromkeys(order for order, _, _ in told)),
            told[-1][1],
            from_micros(told[-1][2]),
        )
        for (store, trace, mark), told in found.items()
    ]
    return sorted(listed, key=lambda each: (-each.times, each.store, each.buyer, each.mark))


def top_refunders(c: Connection, vault: Vault, stores: Sequence[str], since: datetime, limit: int) -> list[Refunder]:
    """Return the buyers to whom money went back most often from ``since`` on, of each store at most ``limit``."""
    table = after_sales
    query = select(table.c.store, table.c.order_id, table.c.refund_minor, table.c.currency).where(
        table.c.store.in_(list(stores)),
        table.c.kind.in_(_GIVEN_BACK),
        table.c.state.in_(_COUNTED),
        table.c.opened_at >= to_micros(since),
    )
    traces: dict[Key, bytes | None] = {}
    asked: dict[tuple[str, bytes], list[tuple[str, int, str]]] = defaultdict(list)
    for row in c.execute(query.order_by(table.c.opened_at)).all():
        key = (row.store, row.order_id)
        if key not in traces:
            found = stored_order(c, vault, *key, with_personal=True)
            traces[key] = None if found is None else buyer_trace(vault, found.order)
        if (trace := traces[key]) is not None:
            asked[row.store, trace].append((row.order_id, row.refund_minor or 0, row.currency))
    ranked = sorted(asked.items(), key=lambda each: (each[0][0], -len(each[1]), -sum(a for _, a, _ in each[1])))
    counted: Counter[str] = Counter()
    found_: list[Refunder] = []
    for (store, trace), told in ranked:
        counted[store] += 1
        if counted[store] <= limit:
            found_.append(
                Refunder(
                    store,
                    short(trace),
                    len(told),
                    sum(amount for _, amount, _ in told),
                    told[-1][2],
                    tuple(dict.fromkeys(order for order, _, _ in told)),
                    tuple(marks_of(c, store, trace)),
                )
            )
    return found_


def short(trace: bytes) -> str:
    """Return the name of a buyer on lists: the beginning of the trace."""
    return trace.hex()[:SHORT]


def _append(c: Connection, vault: Vault, order: Key, mark: BuyerMark, *, raised: bool, by: str, now: datetime) -> bool:
    store, order_id = order
    found = stored_order(c, vault, store, order_id, with_personal=True)
    trace = None if found is None else buyer_trace(vault, found.order)
    if trace is None:
        return False
    row = {"store": store, "trace": trace, "mark": mark.value, "raised": raised, "order_id": order_id, "by": by}
    c.execute(insert(buyer_marks), {**row, "at": to_micros(now)})
    what = "buyer_marked" if raised else "buyer_cleared"
    audit.append(c, now, by, what, store, order_id, {"mark": mark.value, "buyer": short(trace)})
    return True
