"""Quarantine, alerts and attested facts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from gateway.model.attested import AttestedFact
from gateway.orders import alerts, attested, quarantine, store
from gateway.ports import BadItem, OrderBatch, RawItem, Unmapped
from gateway.storage import schema

START = datetime(2026, 3, 14, 8, 0, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def keep(database, vault):
    async def run(external_id, at=START, reason="lines: missing", raw=b"canary raw words"):
        items = [BadItem(external_id, reason, raw)]
        await database.write(lambda c: quarantine.keep_bad(c, vault, "sg", "orders", items, at))

    return run


async def due(database, at):
    return [item.external_id for item in await database.read(lambda c: quarantine.due_for_retry(c, "sg", at))]


async def test_what_cannot_be_read_is_kept_sealed_and_shown(keep, database, vault, tmp_path):
    await keep("o1")
    [kept] = await database.read(quarantine.list_open)
    assert (kept.store, kept.stream, kept.external_id, kept.reason) == ("sg", "orders", "o1", "lines: missing")
    assert (kept.attempts, kept.first_at, kept.last_at) == (1, START, START)
    assert await database.read(lambda c: quarantine.list_open(c, "my")) == []
    assert await database.read(lambda c: quarantine.raw_of(c, vault, "sg", "orders", "o1")) == b"canary raw words"
    assert b"canary" not in b"".join(file.read_bytes() for file in tmp_path.glob("gateway.db*"))


async def test_it_is_tried_again_less_and_less_often(keep, database):
    await keep("o1")
    at = START
    for minutes in (1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360, 360):
        assert await due(database, at + minutes * MINUTE - timedelta(microseconds=1)) == []
        at += minutes * MINUTE
        assert await due(database, at) == ["o1"]
        await keep("o1", at, "still missing")
    [kept] = await database.read(quarantine.list_open)
    assert (kept.attempts, kept.reason, kept.first_at, kept.last_at) == (13, "still missing", START, at)


async def test_resolved_it_is_gone_with_its_raw_words_until_it_fails_again(keep, database, vault):
    await keep("o1")
    await keep("o2")
    for expected in (1, 0):
        done = await database.write(lambda c: quarantine.resolve(c, "sg", "orders", ["o1", "o9"], START))
        assert done == expected
    assert [item.external_id for item in await database.read(quarantine.list_open)] == ["o2"]
    assert await database.read(lambda c: quarantine.raw_of(c, vault, "sg", "orders", "o1")) is None
    await keep("o1", START + MINUTE)
    assert [item.attempts for item in await database.read(quarantine.list_open)] == [1, 1]


async def test_nothing_to_keep(database, vault):
    await database.write(lambda c: quarantine.keep_bad(c, vault, "sg", "orders", [], START))
    assert await database.read(quarantine.list_open) == []


async def test_erasing_the_person_covers_the_quarantine(keep, database, vault, make_order, now):
    order = make_order(order_id="o1")
    batch = OrderBatch(orders=[order], raws=[RawItem("o1", b"{}")])
    await database.write(lambda c: store.upsert_orders(c, vault, batch, now))
    await keep("o1")
    await database.write(lambda c: store.erase_person(c, "sg", "o1"))
    await keep("o1", START + MINUTE)  # fails to be read once more
    assert await database.read(lambda c: quarantine.raw_of(c, vault, "sg", "orders", "o1")) is None
    assert await database.read(lambda c: c.execute(select(schema.quarantine.c.sealed)).scalar_one()) == b""


async def test_an_unknown_word_is_told_once_and_counted(database):
    words = [Unmapped("o1", "order_status", "TELEPORTED"), Unmapped("o2", "order_status", "TELEPORTED")]
    assert await database.write(lambda c: alerts.raise_alerts(c, "sg", words, START)) == words[:1]
    more = [Unmapped("o3", "cancel_by", "TELEPORTED"), Unmapped("o4", "order_status", "TELEPORTED")]
    assert await database.write(lambda c: alerts.raise_alerts(c, "sg", more, START + MINUTE)) == more[:1]
    assert await database.write(lambda c: alerts.raise_alerts(c, "my", words[:1], START)) == words[:1]
    seen = {(a.store, a.kind, a.place, a.word): a for a in await database.read(alerts.open_alerts)}
    alert = seen["sg", "unmapped", "order_status", "TELEPORTED"]
    assert (alert.times, alert.example, alert.first_at, alert.last_at) == (3, "o4", START, START + MINUTE)
    assert len(seen) == 3
    assert len(await database.read(lambda c: alerts.open_alerts(c, "my"))) == 1


async def test_the_narrowest_and_newest_fact_comes_first(database):
    def fact(value, minute, **subject):
        at = START + minute * MINUTE
        return AttestedFact(name="goods_cost", value=value, store="sg", by="anna", at=at, **subject)

    facts = [
        fact("store old", 0),
        fact("store new", 9),
        fact("sku", 1, sku="A"),
        fact("sku newer", 2, sku="A"),
        fact("other sku", 3, sku="B"),
        fact("order", 1, order_id="o1"),
        fact("other order", 4, order_id="o2"),
        fact("sku in order", 0, sku="A", order_id="o1"),
    ]

    def fill(connection):
        for one in facts:
            attested.attest(connection, one)
        attested.attest(connection, facts[0].model_copy(update={"store": "my"}))

    await database.write(fill)
    found = await database.read(lambda c: attested.facts_for(c, "sg", "o1", ["A", "C"]))
    assert [one.value for one in found] == ["sku in order", "order", "sku newer", "sku", "store new", "store old"]
    assert found[0] == facts[-1]
    without = await database.read(lambda c: attested.facts_for(c, "sg", "o3", []))
    assert [one.value for one in without] == ["store new", "store old"]


async def test_of_two_facts_of_one_instant_the_later_word_counts(database):
    for value in ("first", "second"):
        told = AttestedFact(name="score", value=value, store="sg", by="anna", at=START)
        await database.write(lambda c, told=told: attested.attest(c, told))
    found = await database.read(lambda c: attested.facts_for(c, "sg", "o1", []))
    assert [one.value for one in found] == ["second", "first"]
