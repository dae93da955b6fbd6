"""What only a database server can do: break off, be shared, speak a language of its own."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import event, func, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from gateway.errors import ConfigurationError
from gateway.storage import engines, migrate
from gateway.storage.database import Database
from gateway.storage.engines import Use, make_engine
from gateway.storage.lane import CommitUnknown
from gateway.storage.schema import gaps, order_signs, orders, stores

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.parametrize("database_url", ["postgresql"], indirect=True),
]

CHILD = """
import asyncio, sys
from sqlalchemy import insert, select, func
from gateway.storage.database import Database
from gateway.storage.schema import gaps

def one_more(connection):
    count = connection.execute(select(func.count()).select_from(gaps)).scalar_one()
    row = {"store": "s", "order_id": str(count), "stream": "orders", "updated_at": 1, "found_at": 1}
    connection.execute(insert(gaps), row)

async def main():
    database = Database.open(sys.argv[1], lock=None)
    print("ready", flush=True)
    sys.stdin.readline()
    await asyncio.gather(*(database.write(one_more) for _ in range(100)))
    await database.close()

asyncio.run(main())
"""


def started(url: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, url],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def gap(number: object):
    def act(connection):
        row = {"store": "s", "order_id": str(number), "stream": "orders", "updated_at": 1, "found_at": 1}
        connection.execute(insert(gaps), row)
        return number

    return act


def ids(connection):
    return list(connection.execute(select(gaps.c.order_id).order_by(gaps.c.id)).scalars())


async def test_acts_of_many_processes_stand_in_one_line(database, url):
    """Each act counts the rows and then stores the count: without the line two would store the same."""
    children = [await asyncio.to_thread(started, url) for _ in range(2)]
    for child in children:
        assert await asyncio.to_thread(child.stdout.readline) == "ready\n"
    for child in children:
        await asyncio.to_thread(child.communicate, "\n", 60)
    assert [child.returncode for child in children] == [0, 0]
    assert sorted(int(each) for each in await database.read(ids)) == list(range(200))


async def test_an_append_does_not_wait_for_a_writer(database, url, tmp_path):
    beside = Database.open(url, lock=None)
    writing, appended = threading.Event(), threading.Event()

    def slow(connection):
        writing.set()
        assert appended.wait(30)

    task = asyncio.create_task(beside.write(slow))
    assert await asyncio.to_thread(writing.wait, 30)
    assert await database.append(gap(1)) == 1
    assert await database.read(ids) == ["1"]
    waits = asyncio.create_task(database.write(gap(2)))
    appended.set()
    await task
    assert await waits == 2
    await beside.close()


async def test_what_waits_goes_on_after_the_server_was_away(database, url, postgresql):
    assert await database.write(gap(1)) == 1
    assert await database.append(gap(2)) == 2
    assert await database.read(ids) == ["1", "2"]
    assert postgresql.break_off(url) >= 3
    assert await database.write(gap(3)) == 3
    assert await database.append(gap(4)) == 4
    assert await database.read(ids) == ["1", "2", "3", "4"]


async def test_a_connection_that_breaks_in_an_act_fails_the_group_and_stores_nothing(database, url, postgresql):
    def breaks(connection):
        gap(1)(connection)
        postgresql.break_off(url)
        gap(2)(connection)

    with pytest.raises(DBAPIError) as failed:
        await database.write(breaks)
    assert failed.value.connection_invalidated
    assert await database.read(ids) == []
    assert await database.write(gap(3)) == 3


async def test_a_connection_that_breaks_at_the_commit_leaves_it_open_what_is_stored(database, url, postgresql):
    broken = []

    def break_off(connection):
        if not broken:
            broken.append(postgresql.break_off(url))

    event.listen(database._writer.engine, "commit", break_off)
    with pytest.raises(CommitUnknown, match="look before it is written again"):
        await database.write(gap(1))
    assert await database.write(gap(2)) == 2
    assert await database.read(ids) in (["2"], ["1", "2"])


async def test_a_process_that_hangs_in_a_transaction_does_not_hold_up_the_others(database, url, monkeypatch):
    monkeypatch.setattr(engines, "_SESSION", engines._SESSION.replace("'10s'", "'200ms'"))
    hangs = make_engine(url, Use.write)
    with hangs.connect() as connection:
        gap(1)(connection)
        assert await database.write(gap(2)) == 2  # once the server has ended the other's transaction
        with pytest.raises(DBAPIError):
            connection.commit()
    hangs.dispose()
    assert await database.read(ids) == ["2"]


async def test_text_compares_byte_by_byte_in_every_column(database):
    other = text(
        "select table_name, column_name from information_schema.columns where table_schema = current_schema() "
        "and data_type in ('text', 'character varying') and collation_name is distinct from 'C' "
        "and table_name = any(:ours)"
    )
    tables = [orders.name, stores.name, gaps.name, order_signs.name]
    assert await database.read(lambda c: c.execute(other, {"ours": tables}).all()) == []


async def test_rows_that_are_kept_are_kept(database):
    sign = {"store": "s", "order_id": "1", "sign": "x", "rule": "r", "raised": True, "by": "anna", "at": 1}
    await database.write(lambda c: c.execute(insert(order_signs), sign).rowcount)
    for act in ("update order_signs set sign = 'y'", "delete from order_signs", "truncate order_signs"):
        with pytest.raises(IntegrityError, match="append-only"):
            await database.write(lambda c, act=act: c.execute(text(act)).rowcount)
    assert await database.read(lambda c: c.execute(select(func.count()).select_from(order_signs)).scalar_one()) == 1


async def test_an_error_shows_nothing_that_stood_in_the_row(database):
    row = {"store": "s", "order_id": "canary-1", "stream": None, "updated_at": 1, "found_at": 1}
    with pytest.raises(IntegrityError) as failed:
        await database.write(lambda c: c.execute(insert(gaps), row).rowcount)
    shown = f"{failed.value} {failed.value.orig} {failed.value!r}"
    assert "stream" in shown
    assert "canary" not in shown


async def test_a_database_of_another_encoding_is_refused(database_url, postgresql):
    url = postgresql.empty("SQL_ASCII")
    with pytest.raises(ConfigurationError, match=r"SQL_ASCII.*createdb --encoding UTF8"):
        migrate.upgrade(url)
    assert migrate.current(url) is None


async def test_what_is_missing_is_said_with_how_to_install_it(database_url, monkeypatch):
    monkeypatch.setattr(engines, "find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match=r"pip install 'order-gateway\[postgres\]'"):
        Database.open(database_url, lock=None)
