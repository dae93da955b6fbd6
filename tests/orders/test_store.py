from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from gateway.errors import ConfigurationError
from gateway.orders import store
from gateway.ports import AfterSalePage, OrderBatch, RawItem
from gateway.storage import schema
from gateway.storage.moments import to_micros
from gateway.storage.vault import Vault

START = datetime(2026, 3, 14, 8, 0, 0, tzinfo=UTC)
CANARIES = (b"Quillfeather", b"55501999", b"Nowhere Lane", b"canary note", b"canary message", b"raw canary")

only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def batch(*orders, raw=b'{"name": "raw canary"}'):
    return OrderBatch(orders=orders, raws=[RawItem(order.order_id, raw) for order in orders])


@pytest.fixture
def put(database, vault, now):
    async def write(*orders, raw=b'{"name": "raw canary"}', at=now):
        return await database.write(lambda c: store.upsert_orders(c, vault, batch(*orders, raw=raw), at))

    return write


@pytest.fixture
def get(database, vault):
    async def read(order_id="260314A", **options):
        return await database.read(lambda c: store.order(c, vault, "sg", order_id, **options))

    return read


async def count(database, table):
    return await database.read(lambda c: c.execute(select(func.count()).select_from(table)).scalar_one())


async def test_an_order_comes_back_whole(put, get, make_order, make_request, now):
    order = make_order(requests=(make_request(),), packages=({"package_id": "P", "state": "to_ship"},))
    assert await put(order) == store.Changes(["260314A"], 0, 0)
    stored = await get(with_personal=True)
    assert stored.order == order
    assert stored.phase == "awaiting_shipment"
    assert stored.version == 1
    assert stored.seen_at == stored.changed_at == now
    assert stored.as_of == {}


async def test_without_asking_the_person_stays_sealed(put, get, make_order):
    await put(make_order())
    order = (await get()).order
    assert (order.buyer, order.recipient, order.note, order.buyer_message) == (None, None, "", "")
    assert order.lines[0].title == "Cup"


async def test_told_again_changes_only_when_it_was_seen(put, get, make_order, now):
    await put(make_order())
    later = now + timedelta(hours=1)
    assert await put(make_order(), at=later) == store.Changes([], 1, 0)
    stored = await get()
    assert (stored.version, stored.changed_at, stored.seen_at) == (1, now, later)


async def test_a_newer_reading_replaces_lines_and_raw_words(put, get, database, vault, make_order):
    line = {"product_id": "1", "title": "Cup", "quantity": 1}
    await put(make_order(1, lines=({**line, "line_id": "a"}, {**line, "line_id": "b"})))
    newer = make_order(2, raw_status="PROCESSED", fulfillment="arranged", lines=({**line, "line_id": "b"},))
    assert (await put(newer, raw=b"newer")).changed == ["260314A"]
    stored = await get(with_personal=True)
    assert stored.order == newer
    assert (stored.version, stored.phase) == (2, "awaiting_collection")
    lines = await database.read(lambda c: c.execute(select(schema.order_lines.c.line_id)).scalars().all())
    assert lines == ["b"]
    assert await database.read(lambda c: store.raw(c, vault, "sg", "260314A")) == b"newer"


async def test_an_older_reading_is_counted_and_dropped(put, get, database, vault, make_order):
    await put(make_order(5), raw=b"newest")
    assert await put(make_order(4, raw_status="UNPAID"), raw=b"older") == store.Changes([], 0, 1)
    assert (await get()).order.raw_status == "READY_TO_SHIP"
    assert await database.read(lambda c: store.raw(c, vault, "sg", "260314A")) == b"newest"


async def test_masked_and_absent_over_what_is_stored(put, get, make_order):
    await put(make_order(1))
    hidden = {"buyer_id": "b1", "name": "****", "masked": {"name"}}
    await put(make_order(2, buyer=hidden, recipient=None, note="", absent={"note", "recipient"}))
    stored = await get(with_personal=True)
    assert stored.order.buyer.name == "Canary Quillfeather"
    assert stored.order.recipient.phone == "55501999"
    assert stored.order.note == "canary note text"
    assert stored.as_of["note"] == stored.as_of["buyer.name"] == START + timedelta(seconds=1)
    # the same again is nothing new, although it says less than what is stored
    assert (
        await put(make_order(2, buyer=hidden, recipient=None, note="", absent={"note", "recipient"}))
    ).unchanged == 1


async def test_the_order_of_arrival_does_not_matter_in_the_tables_either(database, vault, now, make_order):
    readings = [
        make_order(1, order_id="x"),
        make_order(2, order_id="x", buyer={"name": "Second Quillfeather"}, note="", absent={"note"}),
        make_order(3, order_id="x", buyer={"name": "****", "masked": {"name"}}, raw_status="SHIPPED"),
    ]
    seen = set()
    for number, arrival in enumerate([(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)]):
        for index in arrival:
            order = readings[index].model_copy(update={"store": f"s{number}"})
            await database.write(lambda c, order=order: store.upsert_orders(c, vault, batch(order), now))
        stored = await database.read(
            lambda c, number=number: store.order(c, vault, f"s{number}", "x", with_personal=True)
        )
        seen.add((stored.order.raw_status, stored.order.buyer.name, stored.order.note, stored.order.updated_at))
    assert seen == {("SHIPPED", "Second Quillfeather", "canary note text", START + timedelta(seconds=3))}


async def test_an_older_reading_that_fills_a_gap_leaves_the_newest_raw_words(put, get, database, vault, make_order):
    await put(make_order(5, note="", absent={"note"}), raw=b"newest")
    assert await put(make_order(4, raw_status="UNPAID"), raw=b"older") == store.Changes(["260314A"], 0, 0)
    stored = await get(with_personal=True)
    assert (stored.order.note, stored.order.raw_status) == ("canary note text", "READY_TO_SHIP")
    assert stored.as_of == {"note": START + timedelta(seconds=4)}
    assert await database.read(lambda c: store.raw(c, vault, "sg", "260314A")) == b"newest"


async def test_one_order_twice_in_a_batch(put, get, make_order):
    changes = await put(make_order(2, raw_status="PROCESSED"), make_order(1), make_order(3, raw_status="SHIPPED"))
    assert changes == store.Changes(["260314A"], 0, 1)
    assert (await get()).order.raw_status == "SHIPPED"


async def test_a_request_within_the_order_has_a_row_and_keeps_its_first_moment(
    put, get, database, make_order, make_request
):
    await put(make_order(1, requests=(make_request(1),)))
    await put(make_order(9, requests=(make_request(9),)))
    request = (await get()).order.requests[0]
    assert (request.opened_at, request.updated_at) == (START + timedelta(seconds=1), START + timedelta(seconds=9))
    # settled by a newer version; then simply not named any more
    await put(make_order(10, requests=(make_request(10, state="done"),)))
    await put(make_order(11, requests=()))
    assert [request.state for request in (await get()).order.requests] == ["done"]
    assert await count(database, schema.after_sales) == 1


async def test_a_request_alone_changes_its_order_too(put, get, make_order, make_request):
    await put(make_order(1, requests=(make_request(1),)))
    changes = await put(make_order(1, requests=(make_request(1, raw_status="IN_CANCEL"),)))
    assert changes == store.Changes(["260314A"], 0, 0)
    stored = await get()
    assert stored.version == 2
    assert stored.order.requests[0].raw_status == "IN_CANCEL"


async def test_a_return_before_its_order_is_kept(put, get, database, vault, now, make_order, make_request):
    request = make_request(1, request_id="RET1", kind="return_refund", refund_minor=995)
    page = AfterSalePage(after_sales=[request], raws=[RawItem("RET1", b"raw canary return")], next_page=None)
    assert await database.write(lambda c: store.upsert_after_sales(c, vault, page, now)) == ["RET1"]
    assert await database.write(lambda c: store.upsert_after_sales(c, vault, page, now)) == []
    assert await get() is None
    await put(make_order(2))
    stored = await get(with_personal=True)
    assert stored.order.requests == (request,)
    assert stored.order.buyer.name == "Canary Quillfeather"


async def test_an_older_request_is_dropped_and_a_newer_one_taken(database, vault, now, make_request):
    def page(request):
        return AfterSalePage(after_sales=[request], raws=[RawItem("R1", b"{}")], next_page=None)

    for request, changed in (
        (make_request(5), ["R1"]),
        (make_request(7, state="agreed"), ["R1"]),
        (make_request(6), []),
    ):
        got = await database.write(lambda c, r=request: store.upsert_after_sales(c, vault, page(r), now))
        assert got == changed
    assert await database.read(lambda c: c.execute(select(schema.after_sales.c.state)).scalar_one()) == "agreed"


async def test_what_is_urgent_comes_first(put, database, make_order, make_request):
    hour = timedelta(hours=1)
    await put(
        make_order(order_id="ship_late", ship_by=START + 9 * hour),
        make_order(order_id="ship_soon", ship_by=START + 2 * hour),
        make_order(order_id="no_deadline", ship_by=None),
        make_order(order_id="shipped", fulfillment="shipped", ship_by=START),
        make_order(
            order_id="asked",
            ship_by=START + 8 * hour,
            requests=(make_request(order_id="asked", answer_by=START + hour),),
        ),
        make_order(order_id="ended", closure="completed", ship_by=START),
        make_order(order_id="strange", closure="unknown", ship_by=START + 3 * hour),
    )
    ids = await database.read(lambda c: store.open_with_deadlines(c, "sg"))
    assert ids == ["asked", "ship_soon", "strange", "ship_late", "no_deadline", "shipped"]


def stored_bytes(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.glob("gateway.db*")))


@only_sqlite
async def test_no_personal_value_lies_in_the_files(put, database, tmp_path, make_order):
    await put(make_order())
    before = stored_bytes(tmp_path)
    assert b"READY_TO_SHIP" in before
    assert not [word for word in CANARIES if word in before]
    await database.close()
    after = stored_bytes(tmp_path)
    assert b"READY_TO_SHIP" in after
    assert not [word for word in CANARIES if word in after]


async def test_erasing_a_person_lasts(put, get, database, vault, now, tmp_path, make_order, make_request):
    await put(make_order(1, requests=(make_request(1),)))
    page = AfterSalePage(after_sales=[make_request(1, request_id="R2")], raws=[RawItem("R2", b"raw")], next_page=None)
    await database.write(lambda c: store.upsert_after_sales(c, vault, page, now))
    wrapped = await database.read(lambda c: c.execute(select(schema.order_keys.c.wrapped)).scalar_one())
    assert await database.write(lambda c: store.erase_person(c, "sg", "260314A")) is True
    assert await database.write(lambda c: store.erase_person(c, "sg", "260314A")) is False
    assert await database.write(lambda c: store.erase_person(c, "sg", "other")) is False
    # the platform still tells who it is, again and in newer readings
    await put(make_order(1))
    assert (await put(make_order(1))).unchanged == 1
    assert await put(make_order(0)) == store.Changes([], 0, 1)  # an older reading fills nothing in
    await put(make_order(2, raw_status="PROCESSED"), raw=b"raw canary")
    stored = await get(with_personal=True)
    assert (stored.order.buyer, stored.order.recipient, stored.order.note) == (None, None, "")
    assert stored.order.raw_status == "PROCESSED"
    assert await database.read(lambda c: store.raw(c, vault, "sg", "260314A")) is None
    for table in (schema.order_keys, schema.order_personal, schema.order_raw):
        assert await count(database, table) == 0
    assert (
        await database.read(lambda c: c.execute(select(schema.after_sales.c.sealed_raw)).scalars().all()) == [None] * 2
    )
    await database.close()
    assert wrapped not in stored_bytes(tmp_path)


async def test_another_key_says_so(put, database, make_order):
    await put(make_order())
    with pytest.raises(ConfigurationError, match="not the key this database was sealed with"):
        await database.read(lambda c: store.order(c, Vault(bytes(32)), "sg", "260314A", with_personal=True))


async def test_times_are_whole_microseconds(put, database, make_order, now):
    await put(make_order())
    kind = {"sqlite": "typeof(placed_at)", "postgresql": "pg_typeof(placed_at)::text"}[database.backend]
    row = await database.read(lambda c: c.execute(text(f"select {kind}, placed_at, seen_at from orders")).one())
    assert row[0] in {"integer", "bigint"}
    assert tuple(row)[1:] == (1773475200000000, to_micros(now))
