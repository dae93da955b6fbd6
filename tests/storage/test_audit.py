from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from gateway.errors import DataError
from gateway.storage import audit


@pytest.fixture
async def trail(database, now):
    def fill(connection):
        for number in range(6):
            at = now + timedelta(seconds=number)
            audit.append(connection, at, "anna", "note", "sg", f"o{number % 2}", {"n": str(number), "词": "é"})
        audit.append(connection, now, "gateway", "start")

    await database.write(fill)


async def test_a_trail_as_it_was_written_verifies(database, trail, now):
    assert await database.read(audit.verify) == 7
    entries = await database.read(lambda c: audit.of_order(c, "sg", "o1"))
    assert [entry.details["n"] for entry in entries] == ["1", "3", "5"]
    assert (entries[0].at, entries[0].who, entries[0].what) == (now + timedelta(seconds=1), "anna", "note")
    [last] = await database.read(lambda c: audit.latest(c, 1))
    assert (last.what, last.store, last.order_id, last.details) == ("start", None, None, {})


async def test_an_empty_trail_verifies(database):
    assert await database.read(audit.verify) == 0


@pytest.mark.parametrize(
    ("tamper", "says"),
    [
        ("update audit set who = 'bob' where seq = 3", "entry 3"),
        ("update audit set what = 'x' where seq = 3", "entry 3"),
        ("update audit set at = at + 1 where seq = 3", "entry 3"),
        ("update audit set store = 'my' where seq = 3", "entry 3"),
        ("update audit set order_id = null where seq = 3", "entry 3"),
        ("update audit set details = (select details from audit where seq = 7) where seq = 3", "entry 3"),
        ("update audit set hash = upper(hash) where seq = 3", "entry 3"),
        ("delete from audit where seq = 3", "before entry 4"),
        ("delete from audit where seq = 1", "before entry 2"),
        ("update audit set seq = 99 where seq = 3", "before entry 4"),
        (
            "insert into audit select 50, at, 'bob', what, store, order_id, details, previous, hash "
            "from audit where seq = 7",
            "before entry 50",
        ),
    ],
)
async def test_tampering_is_found_at_its_place(database, trail, tamper, says):
    await database.write(lambda c: c.execute(text(tamper)).rowcount)
    with pytest.raises(DataError, match=says):
        await database.read(audit.verify)


async def test_the_chain_goes_on_over_a_restart_and_concurrent_writers(database, trail, now):
    await asyncio.gather(
        *(database.write(lambda c: audit.append(c, now, "anna", "note", None, None, {})) for _ in range(50))
    )
    assert await database.read(audit.verify) == 57
