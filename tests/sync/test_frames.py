"""A batch comes out of a frame as it went in, whether its raw words stand in the page or not."""

from __future__ import annotations

import pytest

from gateway.model.after_sale import AfterSale, RequestKind, RequestState
from gateway.model.order import Recipient
from gateway.orders.prepared import prepare_batch
from gateway.ports import BadItem, OrderBatch, RawItem, Unmapped, Unread
from gateway.sync.frames import packed, unpacked
from tests.kit.paper import NOON, make_order

REQUEST = AfterSale(
    store="s1",
    order_id="o2",
    request_id="r1",
    kind=RequestKind.cancellation,
    state=RequestState.open,
    opened_at=NOON,
    updated_at=NOON,
    currency="MYR",
)
BATCH = OrderBatch(
    orders=[
        make_order("o1", NOON, recipient=Recipient(name="A B", phone="+60 12", masked=frozenset({"phone"}))),
        make_order("o2", NOON, requests=(REQUEST,), absent=frozenset({"note"})),
        make_order("o3", NOON),
    ],
    raws=[RawItem("o1", b'{"n":1}'), RawItem("o2", b'{"n":2}'), RawItem("o3", b'{"n":1}')],
    bad=[BadItem("o4", "total: missing", b'{"n":4}')],
    unmapped=[Unmapped("o1", "status", "NEW_WORD")],
)


def no_reader() -> OrderBatch:
    raise AssertionError("nothing is read here")


@pytest.mark.parametrize(
    "page",
    [
        b'[{"n":1},{"n":2},{"n":1},{"n":4}]',
        b'[{"n":2},{"n":1}]',  # not in the order of the batch, and not all of them
        b"[{}]",
        b"",
    ],
)
def test_a_batch_comes_out_as_it_went_in(page: bytes) -> None:
    unread = Unread(no_reader, ("s1", page))
    batch = prepare_batch(BATCH)
    content = packed(batch, unread)
    found = unpacked(content, unread)
    assert found == batch
    assert [order.findable.hidden for order in found.orders] == ["phone", "", ""]
    assert [order.raw for order in found.orders] == [b'{"n":1}', b'{"n":2}', b'{"n":1}']


def test_raw_words_go_but_once() -> None:
    raw = b'{"words":"' + b"x" * 5000 + b'"}'
    batch = prepare_batch(OrderBatch(orders=[make_order("o1", NOON)], raws=[RawItem("o1", raw)]))
    here, elsewhere = Unread(no_reader, (b"[" + raw + b"]",)), Unread(no_reader, ("no page",))
    assert len(packed(batch, here)) < len(raw) < len(packed(batch, elsewhere))
    assert unpacked(packed(batch, elsewhere), elsewhere) == batch


def test_an_order_without_raw_words() -> None:
    batch = prepare_batch(OrderBatch(orders=[make_order("o1", NOON)]))
    assert batch.orders[0].raw is None
    unread = Unread(no_reader, (b"[]",))
    assert unpacked(packed(batch, unread), unread) == batch
