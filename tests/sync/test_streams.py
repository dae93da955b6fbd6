"""Pages that are stored together are stored as they would be one after another."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select

from gateway.model.after_sale import AfterSale, RequestKind, RequestState
from gateway.model.order import LineItem
from gateway.orders.prepared import prepare_batch
from gateway.ports import BadItem, OrderBatch, RawItem, Unmapped
from gateway.storage.schema import after_sales, alerts, order_lines, orders, quarantine
from gateway.sync.streams import LoadedOrders, Saved, joined
from tests.kit.paper import NOON, make_order

LATER = NOON + timedelta(minutes=1)
REQUEST = AfterSale(
    store="s1",
    order_id="o1",
    request_id="r1",
    kind=RequestKind.cancellation,
    state=RequestState.open,
    in_order=True,
    opened_at=NOON,
    updated_at=NOON,
    currency="MYR",
)


def pages() -> list[LoadedOrders]:
    """An order that a change moved to a later page, and one bad order and one strange word on each page."""
    first = make_order("o1", NOON, raw_status="ASKED", requests=(REQUEST,))
    lines = (LineItem(line_id="2", product_id="p2", quantity=2), LineItem(line_id="3", product_id="p3", quantity=1))
    second = make_order("o1", LATER, raw_status="GOES_ON", lines=lines)
    batches = [
        OrderBatch(
            orders=[order, make_order(f"other-{n}", NOON)],
            raws=[RawItem("o1", b"{}"), RawItem(f"other-{n}", b"{}")],
            bad=[BadItem(f"bad-{n}", "total: missing", b"{}")],
            unmapped=[Unmapped("o1", "status", f"word-{n}")],
        )
        for n, order in enumerate((first, second))
    ]
    return [LoadedOrders("s1", [prepare_batch(batch)]) for batch in batches]


async def stored(desk: Any, several: Sequence[Any]) -> tuple[list[Saved], dict[str, list[Any]]]:
    def act(connection: Connection) -> list[Saved]:
        return [page.save(connection, desk.vault, NOON) for page in several]

    saved = await desk.database.write(act)
    columns = {
        "orders": (orders.c.order_id, orders.c.raw_status, orders.c.version, orders.c.updated_at, orders.c.document),
        "lines": (order_lines.c.order_id, order_lines.c.line_id, order_lines.c.quantity),
        "requests": (after_sales.c.request_id, after_sales.c.state),
        "bad": (quarantine.c.external_id,),
        "words": (alerts.c.word,),
    }

    def look(connection: Connection) -> dict[str, list[Any]]:
        return {name: sorted(map(tuple, connection.execute(select(*asked)).all())) for name, asked in columns.items()}

    return saved, await desk.database.read(look)


@pytest.mark.parametrize("together", [True, False], ids=["together", "apart"])
async def test_pages_stored_together_are_stored_as_one_after_another(desk: Any, together: bool) -> None:
    saved, found = await stored(desk, joined(pages()) if together else pages())
    assert len(saved) == (1 if together else 2)
    total = sum(saved, Saved())
    assert (total.seen, total.bad, set(total.changed)) == (6, 2, {"o1", "other-0", "other-1"})
    assert [row[:3] for row in found["orders"]] == [
        ("o1", "GOES_ON", 2),
        ("other-0", "READY", 1),
        ("other-1", "READY", 1),
    ]
    assert [row[1:] for row in found["lines"] if row[0] == "o1"] == [("2", 2), ("3", 1)]
    assert found["requests"] == [("r1", "withdrawn")]
    assert found["bad"] == [("bad-0",), ("bad-1",)]
    assert found["words"] == [("word-0",), ("word-1",)]


async def test_pages_of_another_kind_stay_as_they_are() -> None:
    class Other:
        def save(self, *_: Any) -> Saved:
            return Saved()

    mixed = [Other(), Other()]
    assert joined(mixed) is mixed
    (one,) = single = pages()[:1]
    assert joined(single) == [one]
