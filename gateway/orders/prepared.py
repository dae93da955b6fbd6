"""Orders made ready for the tables before the writer is asked: the part of storing that needs no database and no key.

Everything here is a pure function of what was read, and what it returns is small when pickled, so another process can
do this work (`gateway.sync.aside`). The bytes compare and store as they are; the `Order` is made again from them only
where two readings must be joined.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from gateway.model.after_sale import AfterSale
from gateway.model.order import Order
from gateway.orders.documents import document_of, personal_of, read_order
from gateway.orders.merge import hides_nobody
from gateway.orders.rows import Values, line_rows, order_values
from gateway.orders.traces import Findable, findable
from gateway.ports import BadItem, OrderBatch, Unmapped
from gateway.storage.moments import to_micros


class PreparedOrder(NamedTuple):
    """One order as it will be stored, if nothing that is stored already has a say in it."""

    store: str
    order_id: str
    updated_at: int  # microseconds since the epoch
    values: Values  # see `rows.order_values`
    lines: Sequence[Values]  # see `rows.line_rows`
    document: bytes
    personal: bytes
    findable: Findable
    absent: frozenset[str]
    hides_nobody: bool
    requests: Sequence[AfterSale]
    raw: bytes | None

    def __repr__(self) -> str:
        return f"PreparedOrder({self.store!r}, {self.order_id!r}, ...)"

    def order(self, *, with_person: bool, with_requests: bool) -> Order:
        """Return the order that was prepared."""
        personal = self.personal if with_person else None
        return read_order(self.document, personal, self.requests if with_requests else ()).order


class PreparedBatch(NamedTuple):
    """An `OrderBatch`, ready to be stored."""

    orders: Sequence[PreparedOrder]
    bad: Sequence[BadItem]
    unmapped: Sequence[Unmapped]


def prepare_batch(batch: OrderBatch) -> PreparedBatch:
    """Return the orders of ``batch``, each with its raw words, and what else there is to store of it. Pure."""
    raws = [raw.body for raw in batch.raws] if batch.raws else [None] * len(batch.orders)
    orders = [prepare(order, raw=raw) for order, raw in zip(batch.orders, raws, strict=True)]
    return PreparedBatch(orders, tuple(batch.bad), tuple(batch.unmapped))


def join_batches(batches: Sequence[PreparedBatch]) -> PreparedBatch:
    """Return batches that follow each other as one. An order may be in it more than once, the last told last."""
    if len(batches) == 1:
        return batches[0]
    return PreparedBatch(
        [order for batch in batches for order in batch.orders],
        [bad for batch in batches for bad in batch.bad],
        [word for batch in batches for word in batch.unmapped],
    )


def prepare(order: Order, as_of: Mapping[str, datetime] | None = None, raw: bytes | None = None) -> PreparedOrder:
    """Return one order as it will be stored; ``as_of`` as in `Known`. Pure."""
    document = document_of(order, as_of)
    return PreparedOrder(
        store=order.store,
        order_id=order.order_id,
        updated_at=to_micros(order.updated_at),
        values=order_values(order),
        lines=line_rows(order),
        document=document,
        personal=personal_of(order),
        findable=findable(order.recipient),
        absent=order.absent,
        hides_nobody=hides_nobody(order),
        requests=order.requests,
        raw=raw,
    )
