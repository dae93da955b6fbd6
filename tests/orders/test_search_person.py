"""Receivers are found by traces; the file names nobody; what the platform hides or was erased is not found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from gateway.orders import store
from gateway.orders.query import Query
from gateway.orders.reindex import is_whole, trace_some
from gateway.orders.search import find
from gateway.orders.traces import plain_name, plain_phone
from gateway.ports import OrderBatch
from gateway.storage import schema
from gateway.storage.vault import Vault

START = datetime(2026, 3, 14, 8, 0, 0, tzinfo=UTC)
PERSON = {"name": "Canary Quillfeather", "phone": "+65 5550 1987", "name_katakana": "カナリア クイル"}
CANARIES = ("Quillfeather", "quillfeather", "canaryquill", "5550 1987", "55501987", "6555501987", "クイル", "カナリア")


@pytest.fixture
def put(database, vault, now):
    async def write(*orders):
        await database.write(lambda c: store.upsert_orders(c, vault, OrderBatch(orders=orders, raws=[]), now))

    return write


@pytest.fixture
def search(database, vault):
    async def look(**asked):
        found = await database.read(lambda c: find(c, vault, Query(**asked), 99))
        return [(row.store, row.order_id) for row in found.rows], found.notes

    return look


async def test_found_however_it_is_written(put, search, make_order) -> None:
    await put(make_order(recipient=PERSON), make_order(order_id="other", recipient={"name": "Canary Quill"}))
    mine = ([("sg", "260314A")], [])
    for name in ("Canary Quillfeather", "CANARY quillfeather", "CanaryQuillfeather", "Ｃａｎａｒｙ　Quillfeather"):
        assert await search(receiver=name) == mine
    assert await search(receiver="ｶﾅﾘｱｸｲﾙ") == mine
    assert await search(phone="65-5550-1987") == mine
    assert await search(phone_tail="1987") == mine
    assert await search(phone_tail="１９８７") == mine
    assert await search(receiver="Canary Quillfeather", phone_tail="1986") == ([], [])
    assert await search(receiver="Quillfeather") == ([], [])  # a trace is of the whole name
    assert await search(phone="5550 1987") == ([], [])


def bytes_in(folder: Path) -> bytes:
    return b"".join(each.read_bytes() for each in folder.iterdir() if each.is_file())


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_files_name_nobody(put, search, database, make_order, tmp_path) -> None:
    await put(make_order(recipient=PERSON), make_order(order_id="hid", recipient={**PERSON, "masked": ["name"]}))
    await search(receiver=PERSON["name"])
    await database.close()
    written = bytes_in(tmp_path)
    assert b"260314A" in written
    for canary in CANARIES:
        assert canary.encode() not in written


async def test_traces_of_two_stores_and_of_two_keys_differ(put, database, make_order, now) -> None:
    await put(make_order(recipient=PERSON), make_order(store="tw", recipient=PERSON))
    other = Vault(bytes(32))
    more = OrderBatch(orders=[make_order(store="jp", recipient=PERSON)], raws=[])
    await database.write(lambda c: store.upsert_orders(c, other, more, now))
    table = schema.order_personal.c
    columns = (table.name_trace, table.kana_trace, table.phone_trace, table.tail_trace)
    rows = await database.read(lambda c: c.execute(select(*columns)).all())
    traces = [each for row in rows for each in row]
    assert len(set(traces)) == len(traces) == 12
    assert {len(trace) for trace in traces} == {16}
    assert Vault(bytes(32)).trace("a", "b") == Vault(bytes(32)).trace("a", "b")


async def test_erasing_a_person_removes_the_traces_for_good(put, search, database, make_order) -> None:
    await put(make_order(recipient=PERSON))
    await database.write(lambda c: store.erase_person(c, "sg", "260314A"))
    await put(make_order(60, recipient=PERSON))
    for asked in ({"receiver": PERSON["name"]}, {"phone": PERSON["phone"]}, {"phone_tail": "1987"}):
        assert await search(**asked) == ([], [])
    assert await database.read(lambda c: c.execute(text("select count(*) from order_personal")).scalar_one()) == 0


async def test_a_changed_receiver_is_found_by_the_new_name_only(put, search, make_order) -> None:
    await put(make_order(recipient=PERSON))
    await put(make_order(60, recipient={**PERSON, "name": "Second Name"}))
    assert await search(receiver=PERSON["name"]) == ([], [])
    assert await search(receiver="second name") == ([("sg", "260314A")], [])


async def test_a_store_that_masks_says_that_it_cannot(put, search, make_order) -> None:
    hidden = {"name": "C****y", "phone": "******87", "masked": ["name", "phone"]}
    await put(
        make_order(recipient=PERSON),
        make_order(store="xhs", recipient=hidden),
        make_order(store="tw", recipient={**PERSON, "phone": "******87", "masked": ["phone"]}),
    )
    found, notes = await search(receiver=PERSON["name"])
    assert found == [("tw", "260314A"), ("sg", "260314A")]
    assert len(notes) == 2
    assert any("xhs" in note and "name and phone" in note for note in notes)
    assert any("tw" in note and "phone" in note and "name" not in note for note in notes)
    assert await search(receiver="C****y") == ([], notes)
    assert (await search(receiver=PERSON["name"], stores=("sg",)))[1] == []
    assert (await search(number="26"))[1] == []


async def test_a_clear_name_outlives_a_masked_reading(put, search, make_order) -> None:
    await put(make_order(recipient=PERSON))
    hidden = {"name": "C****y", "phone": "******87", "masked": ["name", "phone"]}
    await put(make_order(60, recipient=hidden))
    assert await search(receiver=PERSON["name"]) == ([("sg", "260314A")], [])


async def test_receivers_of_an_earlier_version_are_traced_later(put, search, database, vault, make_order) -> None:
    await put(*(make_order(order_id=f"o{n}", recipient=PERSON) for n in range(5)))
    nothing = dict.fromkeys(("name_trace", "kana_trace", "phone_trace", "tail_trace", "hidden"))
    await database.write(lambda c: c.execute(update(schema.order_personal).values(nothing)))
    found, notes = await search(receiver=PERSON["name"])
    assert found == []
    assert len(notes) == 1
    assert "gateway db reindex" in notes[0]
    assert not await database.read(is_whole)
    altered = update(schema.order_personal).where(schema.order_personal.c.order_id == "o1").values(sealed=b"x" * 40)
    await database.write(lambda c: c.execute(altered))
    place, traced, unreadable = None, 0, 0
    while True:
        step = await database.write(lambda c, at=place: trace_some(c, vault, at, limit=2))
        traced, unreadable, place = traced + step.traced, unreadable + step.unreadable, step.next
        if place is None:
            break
    assert (traced, unreadable) == (4, 1)
    assert [name for _, name in (await search(receiver=PERSON["name"]))[0]] == ["o4", "o3", "o2", "o0"]
    step = await database.write(lambda c: trace_some(c, vault, None, everything=True))
    assert (step.traced, step.unreadable, step.next) == (4, 1, None)


def test_how_values_are_made_alike() -> None:
    assert plain_name("  Straße\u3000ＸＹ ") == "strassexy"
    assert plain_phone("(+６５) 5550-1987 ext.") == "6555501987"
    assert plain_phone("none") == ""


async def test_deadlines_need_no_person(put, search, make_order) -> None:
    await put(make_order(recipient=None))
    assert await search(deadline_before=START + timedelta(days=3)) == ([("sg", "260314A")], [])
