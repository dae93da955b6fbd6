from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

import pytest
from sqlalchemy import BigInteger, Boolean, Integer, LargeBinary, insert, select, text, update

from gateway.bootstrap import running
from gateway.errors import ConfigurationError, DataError
from gateway.model.store import App, AppSecret, Credential
from gateway.operations.context import DataFolder
from gateway.operations.initialise import initialise
from gateway.operations.moving import keep_database, move_database
from gateway.storage import audit, evidence_register, stores
from gateway.storage.database import Database
from gateway.storage.move import move
from gateway.storage.process_lock import LockHeld, ProcessLock
from gateway.storage.schema import metadata
from gateway.storage.schema import orders as orders_table
from gateway.storage.vault import Vault, master_key_of

NOW = datetime(2026, 3, 14, 8, 0, tzinfo=UTC)
APART = {"audit", "evidence", "apps", "credentials"}  # chained, or sealed with the gateway's key

pytestmark = pytest.mark.postgresql


def value(column, number):
    """A value of the kind a column holds, different from row to row."""
    kind = column.type
    if column.nullable and number == 2:
        return None
    if isinstance(kind, Boolean):
        return number == 1
    if isinstance(kind, BigInteger):
        return number if column.primary_key else 1_700_000_000_000_000 + number
    if isinstance(kind, Integer):
        return number
    if isinstance(kind, LargeBinary):
        return b"\x00\xff\\N\t" + bytes([number])
    return f"{column.name[:40]}\t订单\\{number}"


def fill(connection, vault):
    """Put rows into every table, three or more."""
    for table in metadata.sorted_tables:
        if table.name not in APART:
            rows = [{column.name: value(column, number) for column in table.columns} for number in (1, 2, 3)]
            connection.execute(insert(table), rows)
    secret = AppSecret(sign_key="sign", push_key="push")
    for number in range(3):
        app = App(id=f"app{number}", platform="shopee", key=str(number), base_url="http://127.0.0.1:9")
        stores.add_app(connection, vault, app, secret, NOW)
        credential = Credential(access_token="a", refresh_token="r", expires_at=NOW, refresh_expires_at=NOW)
        stores.save_credential(connection, vault, app.id, "shop", credential, None)
        audit.append(connection, NOW, "anna", "noted", "s1", f"o{number}", {"订单": "x"})
        evidence_register.append(connection, unregistered(number))


def unregistered(number):
    return evidence_register.Unregistered(
        store="s1",
        order_id=f"o{number}",
        kind="chat",
        digest=f"{number}" * 64,
        path=f"2026-03-14/o{number}",
        name=b"\x00sealed",
        media_type="image/png",
        size=5,
        by="anna",
        at=NOW,
    )


@pytest.fixture
async def folder(tmp_path, monkeypatch):
    monkeypatch.delenv("ORDER_GATEWAY_DATABASE_URL", raising=False)
    made = DataFolder(tmp_path / "data")
    await initialise(made, {})
    return made


@pytest.fixture
async def full(folder):
    database = Database.open(folder.sqlite_url, lock=None)
    vault = Vault(master_key_of({}, folder.key))
    await database.write(lambda c: fill(c, vault))
    await database.close()
    return folder


@pytest.fixture
def target(make_database_url, postgresql):
    url = make_database_url("postgresql", empty=True)
    yield url
    postgresql.give_back(url)


async def rows_of(url):
    database = Database.open(url, lock=None, read_only=True)
    try:
        return await database.read(
            lambda c: {
                table.name: [tuple(row) for row in c.execute(select(table).order_by(*table.primary_key.columns))]
                for table in metadata.sorted_tables
            }
        )
    finally:
        await database.close()


async def test_every_row_of_every_table_arrives(full, target):
    before = await rows_of(full.sqlite_url)
    assert all(len(rows) >= 3 for rows in before.values())
    told = {}
    moved = await move_database(full, target, by="anna", now=NOW, tell=lambda table, rows: told.update({table: rows}))
    after = await rows_of(target)
    assert moved.rows == told
    assert (moved.audit_entries, moved.evidence_files) == (7, 3)
    assert len(after["audit"]) == 8
    del after["audit"][-2:]  # the move itself is on record
    told_before = {**before, "audit": before["audit"] + [()]}
    assert told == {name: len(rows) for name, rows in told_before.items()}
    assert after == before
    database = Database.open(target, lock=None)
    try:  # the chains go on where they were, and so do the numbers the database gives
        await database.write(lambda c: audit.append(c, NOW, "anna", "noted"))
        assert await database.read(audit.verify) == 9
        await database.write(lambda c: evidence_register.append(c, unregistered(9)))
        assert await database.read(evidence_register.verify) == 4
        assert [entry.what for entry in await database.read(lambda c: audit.latest(c, 3))] == [
            evidence_register.ADDED,
            "noted",
            "database_moved",
        ]
        assert not await database.read(lambda c: stores.stopped(c, "s1"))
    finally:
        await database.close()


async def test_what_is_left_behind_acts_no_more(full, target):
    moved = await move_database(full, target, by="anna", now=NOW)
    left = Database.open(full.sqlite_url, lock=None, read_only=True)
    try:
        assert await left.read(lambda c: stores.stopped(c, "any store"))
        assert [entry.what for entry in await left.read(lambda c: audit.latest(c, 1))] == ["database_left"]
    finally:
        await left.close()
    assert moved.setting.startswith("database: postgresql://")
    full.configuration.write_text(moved.setting + "\n")
    assert full.database_url == moved.setting.removeprefix("database: ")
    assert full.serves_many
    with pytest.raises(ConfigurationError, match="already"):
        await move_database(full, target, by="anna", now=NOW)


async def test_a_second_move_is_refused_and_changes_nothing(full, target):
    await move_database(full, target, by="anna", now=NOW)
    before = await rows_of(target)
    with pytest.raises(ConfigurationError, match="was moved to postgresql"):
        await move_database(full, target, by="anna", now=NOW)
    assert await rows_of(target) == before


class Killed(BaseException):
    """The process is gone: nothing after this line runs."""


def die(*_, **__):
    raise Killed


async def words(folder):
    database = Database.open(folder.sqlite_url, lock=None, read_only=True)
    try:
        return [each.what for each in await database.read(lambda c: audit.latest(c, 20)) if "database" in each.what]
    finally:
        await database.close()


async def starts(folder):
    async with running(folder.path):
        return True


async def test_killed_after_the_last_row_had_arrived(folder, target, monkeypatch):
    """Both hold everything: only one of them may be worked on."""
    await move_database_dying(folder, target, monkeypatch, "_retire")
    before = await rows_of(target)
    with pytest.raises(ConfigurationError, match=r"move of this gateway to postgresql.* was interrupted"):
        await starts(folder)
    with pytest.raises(ConfigurationError, match="was interrupted"):
        await move_database(folder, f"{target}&application_name=other", by="anna", now=NOW)
    done = await move_database(folder, target, by="anna", now=NOW)
    assert (done.rows, await rows_of(target)) == ({}, before)
    assert await words(folder) == ["database_left", "database_leaving"]
    with pytest.raises(ConfigurationError, match="was moved to postgresql"):
        await starts(folder)


async def move_database_dying(folder, target, monkeypatch, place):
    with monkeypatch.context() as patch:
        patch.setattr(f"gateway.operations.moving.{place}", die)
        with pytest.raises(Killed):
            await move_database(folder, target, by="anna", now=NOW)


async def test_killed_while_rows_were_carried(folder, target, monkeypatch):
    await move_database_dying(folder, target, monkeypatch, "move")
    with pytest.raises(ConfigurationError, match="was interrupted"):
        await starts(folder)
    done = await move_database(folder, target, by="anna", now=NOW)
    assert done.rows["audit"] == len((await rows_of(target))["audit"]) - 1
    assert await words(folder) == ["database_left", "database_leaving"]


async def test_a_lost_answer_to_the_last_word_is_found_out(folder, target, monkeypatch):
    def lost(*arguments, **named):
        move(*arguments, **named)
        raise ConfigurationError("the connection to the database broke")

    monkeypatch.setattr("gateway.operations.moving.move", lost)
    assert (await move_database(folder, target, by="anna", now=NOW)).rows == {}
    assert await words(folder) == ["database_left", "database_leaving"]


async def test_what_was_not_moved_goes_on_where_it_was(folder, target):
    await move_database(folder, target, by="anna", now=NOW)
    await keep_database(folder, by="anna", now=NOW)
    with pytest.raises(ConfigurationError, match="holds rows already"):
        await move_database(folder, target, by="anna", now=NOW)
    assert await starts(folder)


async def test_a_move_that_is_given_up_is_taken_back_by_a_person_only(folder, target, monkeypatch):
    await move_database_dying(folder, target, monkeypatch, "move")
    shown = await keep_database(folder, by="anna", now=NOW)
    assert shown.startswith("postgresql")
    assert await starts(folder)
    with pytest.raises(ConfigurationError, match="nothing to take back"):
        await keep_database(folder, by="anna", now=NOW)
    assert (await words(folder))[0] == "database_kept"


async def test_not_beside_a_gateway_that_runs(full, target):
    lock = ProcessLock(full.lock)
    lock.take()
    try:
        with pytest.raises(LockHeld, match="Stop that process first"):
            await move_database(full, target, by="anna", now=NOW)
    finally:
        lock.release()


async def test_a_broken_chain_is_not_moved(folder, target):
    database = Database.open(folder.sqlite_url, lock=None)

    def forge(c):
        for _ in range(2):
            audit.append(c, NOW, "anna", "noted", "s1")
        for table in ("audit",):
            for act in ("update", "delete"):
                c.execute(text(f"drop trigger if exists {table}_no_{act}"))
        c.execute(update(metadata.tables["audit"]).values(who="ben"))

    await database.write(forge)
    await database.close()
    with pytest.raises(DataError, match="altered"):
        await move_database(folder, target, by="anna", now=NOW)
    assert not any((await rows_of(target)).values())


async def test_a_row_that_is_not_taken_stops_it_all_and_is_not_told(folder, target):
    database = Database.open(folder.sqlite_url, lock=None)
    row = {column.name: value(column, 1) for column in orders_table.columns} | {"version": 8_675_309_867_530}
    await database.write(lambda c: c.execute(insert(orders_table), row))
    await database.close()
    with pytest.raises(ConfigurationError, match="a row of orders is not taken") as told:
        await move_database(folder, target, by="anna", now=NOW)
    assert "8675309867530" not in str(told.value)
    assert not any((await rows_of(target)).values())


async def test_a_nul_in_a_text_arrives_as_postgresql_can_hold_it(folder, target):
    database = Database.open(folder.sqlite_url, lock=None)
    row = {column.name: value(column, 1) for column in orders_table.columns} | {"region": "S\0G"}
    await database.write(lambda c: c.execute(insert(orders_table), row))
    await database.close()
    await move_database(folder, target, by="anna", now=NOW)
    moved = Database.open(target, lock=None, read_only=True)
    try:
        assert await moved.read(lambda c: c.execute(select(orders_table.c.region)).scalar_one()) == "S\ufffdG"
    finally:
        await moved.close()


async def test_only_from_sqlite_to_postgresql(folder, target):
    for source, goal in ((folder.sqlite_url, folder.sqlite_url), (target, target)):
        with pytest.raises(ConfigurationError, match="from SQLite to PostgreSQL"):
            move(source, goal, finish=lambda _: None)


@pytest.mark.slow
def test_the_command(full, target):
    command = [sys.executable, "-m", "gateway", "--data", str(full.path), "db", "move", "--to", target]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "Every row was compared." in ran.stdout
    assert "database: postgresql://" in ran.stdout
    again = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False)
    assert again.returncode == 4
    assert "was moved to postgresql" in again.stdout
