from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, func, insert, select
from sqlalchemy.exc import DBAPIError

from gateway.errors import ConfigurationError
from gateway.storage.database import Database
from gateway.storage.schema import gaps

only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
only_postgresql = pytest.mark.parametrize(
    "database_url", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True
)


def gap(number: int) -> object:
    def act(connection: Connection) -> int:
        row = {"store": "s", "order_id": str(number), "stream": "orders", "updated_at": 1, "found_at": 1}
        connection.execute(insert(gaps), row)
        return number

    return act


def ids(connection: Connection) -> list[str]:
    return list(connection.execute(select(gaps.c.order_id).order_by(gaps.c.id)).scalars())


class Commits:
    def __init__(self, database: Database) -> None:
        self.times = 0
        assert database._writer is not None
        event.listen(database._writer.engine, "commit", self._count)

    def _count(self, connection: Connection) -> None:
        self.times += 1


async def test_writes_that_wait_together_share_a_commit(database):
    commits = Commits(database)
    gate = threading.Event()
    first = asyncio.create_task(database.write(lambda connection: gate.wait(30)))
    others = [asyncio.create_task(database.write(gap(number))) for number in range(200)]
    await asyncio.sleep(0)  # all have queued behind the first
    gate.set()
    assert await asyncio.gather(*others) == list(range(200))
    assert await first is True
    assert len(await database.read(ids)) == 200
    assert commits.times <= 3


async def test_an_act_that_fails_rolls_back_alone(database):
    gate = threading.Event()
    first = asyncio.create_task(database.write(lambda connection: gate.wait(30)))

    def fails(connection):
        gap(99)(connection)
        raise ValueError("no")

    tasks = [asyncio.create_task(database.write(act)) for act in (gap(1), fails, gap(2))]
    await asyncio.sleep(0)
    gate.set()
    outcomes = await asyncio.gather(first, *tasks, return_exceptions=True)
    assert outcomes[1] == 1
    assert isinstance(outcomes[2], ValueError)
    assert outcomes[3] == 2
    assert await database.read(ids) == ["1", "2"]


async def test_an_error_at_commit_reaches_the_whole_group(database):
    gate = threading.Event()
    first = asyncio.create_task(database.write(lambda connection: gate.wait(30)))
    tasks = [asyncio.create_task(database.write(gap(number))) for number in range(3)]
    await asyncio.sleep(0)
    broken = []

    def breaks(connection):
        if not broken:
            broken.append(True)
            raise OSError("disk full")

    event.listen(database._writer.engine, "commit", breaks)
    gate.set()
    outcomes = await asyncio.gather(first, *tasks, return_exceptions=True)
    failed = [outcome for outcome in outcomes if isinstance(outcome, OSError)]
    assert failed
    stored = await database.read(ids)
    assert len(stored) + len(failed) in {3, 4}
    assert [outcome for outcome in outcomes[1:] if not isinstance(outcome, OSError)] == [int(one) for one in stored]
    assert await database.write(gap(7)) == 7  # and the writer goes on


async def test_a_write_is_durable_when_it_returns_and_seen_by_the_next_read(database):
    for number in range(5):
        await database.write(gap(number))
        assert str(number) in await database.read(ids)


async def test_a_read_sees_one_snapshot_and_does_not_hold_up_the_writer(database):
    await database.write(gap(1))
    reading, written = threading.Event(), threading.Event()

    def slow(connection):
        before = connection.execute(select(func.count()).select_from(gaps)).scalar_one()
        reading.set()
        assert written.wait(30)
        return before, connection.execute(select(func.count()).select_from(gaps)).scalar_one()

    task = asyncio.create_task(database.read(slow))
    assert await asyncio.to_thread(reading.wait, 30)
    await database.write(gap(2))
    written.set()
    assert await task == (1, 1)
    assert len(await database.read(ids)) == 2


async def test_a_read_cannot_write(database):
    with pytest.raises(DBAPIError, match=r"read-?only"):
        await database.read(gap(1))
    assert await database.read(ids) == []


@only_sqlite
async def test_settings_that_durability_rests_on(database):
    def settings(connection):
        return [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "busy_timeout", "secure_delete")
        ]

    assert await database.write(settings) == ["wal", 2, 10000, 1]


@only_postgresql
async def test_settings_that_durability_rests_on_in_postgresql(database):
    def settings(connection):
        names = ("synchronous_commit", "transaction_isolation", "transaction_read_only")
        return [connection.exec_driver_sql(f"show {name}").scalar_one() for name in names]

    assert await database.write(settings) == ["on", "read committed", "off"]
    assert await database.append(settings) == ["on", "read committed", "off"]
    assert await database.read(settings) == ["on", "repeatable read", "on"]


async def test_a_cancelled_caller_does_not_disturb_the_others(database):
    gate = threading.Event()
    first = asyncio.create_task(database.write(lambda connection: gate.wait(30)))
    given_up = asyncio.create_task(database.write(gap(1)))
    other = asyncio.create_task(database.write(gap(2)))
    await asyncio.sleep(0)
    given_up.cancel()
    gate.set()
    assert await other == 2
    assert await first is True
    with pytest.raises(asyncio.CancelledError):
        await given_up


async def test_close_finishes_what_waits_and_refuses_more(url, tmp_path):
    database = Database.open(url, lock=tmp_path / "lock")
    tasks = [asyncio.create_task(database.write(gap(number))) for number in range(20)]
    await asyncio.sleep(0)
    await database.close()
    await database.close()
    assert await asyncio.gather(*tasks) == list(range(20))
    with pytest.raises(ConfigurationError, match="closed"):
        await database.write(gap(1))
    with pytest.raises(ConfigurationError, match="closed"):
        await database.read(ids)


async def test_more_writes_than_may_wait_all_come_through(database):
    outcomes = await asyncio.gather(*(database.write(gap(number)) for number in range(5000)))
    assert outcomes == list(range(5000))


@only_sqlite
async def test_a_second_process_is_refused(database, url, tmp_path):
    child = (
        "import sys\nfrom pathlib import Path\nfrom gateway.errors import ConfigurationError\n"
        "from gateway.storage.database import Database\n"
        "try:\n    Database.open(sys.argv[1], lock=Path(sys.argv[2]))\n"
        "except ConfigurationError as error:\n    print(error); sys.exit(5)\n"
    )
    run = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", child, url, str(tmp_path / "lock")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 5, run.stderr
    assert f"pid {os.getpid()} on " in run.stdout
    assert "one process" in run.stdout
    assert "PostgreSQL" in run.stdout


@only_sqlite
async def test_the_lock_is_free_after_close(url, tmp_path):
    for _ in range(2):
        database = Database.open(url, lock=tmp_path / "lock")
        with pytest.raises(ConfigurationError, match="one process"):
            Database.open(url, lock=tmp_path / "lock")
        await database.close()


async def test_read_only_beside_the_writing_process(database, url, tmp_path):
    await database.write(gap(1))
    beside = Database.open(url, lock=tmp_path / "lock", read_only=True)
    assert await beside.read(ids) == ["1"]
    with pytest.raises(ConfigurationError, match="read-only"):
        await beside.write(gap(2))
    await beside.close()


def test_read_only_makes_no_file(tmp_path):
    with pytest.raises(ConfigurationError, match="gateway db upgrade"):
        Database.open(f"sqlite:///{tmp_path}/gateway.db", lock=None, read_only=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://user:secretword@host/db", "'mysql'; SQLite and PostgreSQL are known"),
        ("postgresql+asyncpg://user:secretword@host/db", "driver 'asyncpg'; leave it out"),
        ("postgresql://user:secretword@host", "names no database"),
        ("postgresql://user:secretword@127.0.0.1:1/db", "db on PostgreSQL at 127.0.0.1:1 cannot be opened"),
        ("postgresql://user:secretword@host:port/db", "cannot be read"),
        ("sqlite://", "must name a file"),
        ("sqlite:///:memory:", "must name a file"),
        ("nonsense", "cannot be read"),
    ],
)
def test_other_urls_are_refused_without_showing_them(url, says):
    with pytest.raises(ConfigurationError, match=says) as caught:
        Database.open(url, lock=None)
    assert "secretword" not in str(caught.value)


def test_a_file_that_is_no_database(tmp_path: Path):
    file = tmp_path / "gateway.db"
    file.write_bytes(b"not a database, but long enough to have a header of its own" * 40)
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        Database.open(f"sqlite:///{file}", lock=tmp_path / "lock")
