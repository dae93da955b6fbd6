from __future__ import annotations

import io
import json
import stat
import tarfile
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text

from gateway.errors import ConfigurationError, DataError
from gateway.storage import audit, schema
from gateway.storage.backup import backup, restore
from gateway.storage.database import Database


@pytest.fixture
def url(make_database_url, tmp_path) -> str:
    """An SQLite file: a database server has tools of its own."""
    return make_database_url("sqlite", tmp_path)


def gap(connection, number):
    row = {"store": "s", "order_id": f"order-{number}", "stream": "orders", "updated_at": 1, "found_at": 1}
    connection.execute(insert(schema.gaps), row)


def ids(connection):
    return list(connection.execute(select(schema.gaps.c.order_id).order_by(schema.gaps.c.id)).scalars())


@pytest.fixture
def evidence(tmp_path) -> Path:
    folder = tmp_path / "evidence"
    (folder / "ab").mkdir(parents=True)
    (folder / "ab" / "cdef.jpg").write_bytes(b"a photograph")
    return folder


SETTINGS = {"gateway.yaml": b"sync: {every: 2m}", "rules/s1.yaml": b"x: 1"}


@pytest.fixture
async def made(database, evidence, tmp_path, now) -> Path:
    """A backup taken while the database is open, with writes before and after it."""
    await database.write(lambda c: [gap(c, number) for number in range(50)])
    await database.write(lambda c: audit.append(c, now, "anna", "note", "s", None, {"k": "v"}))
    file = tmp_path / "backup.tar"
    backup(tmp_path / "gateway.db", evidence, file, now, SETTINGS)
    await database.write(lambda c: gap(c, 999))
    return file


async def read_back(folder: Path):
    opened = Database.open(f"sqlite:///{folder}/gateway.db", lock=folder / "lock")
    try:
        return await opened.read(ids)
    finally:
        await opened.close()


def altered(file: Path, change) -> Path:
    """Copy a backup, its members (name, bytes) passed through ``change``."""
    with tarfile.open(file) as tar:
        members = [(member.name, tar.extractfile(member).read()) for member in tar]
    copy = file.with_name("altered.tar")
    with tarfile.open(copy, "w") as tar:
        for name, content in change(members):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return copy


async def test_round_trip_while_the_database_is_open(made, tmp_path, now):
    target = tmp_path / "new" / "place"
    manifest = restore(made, target)
    assert await read_back(target) == [f"order-{number}" for number in range(50)]
    assert (target / "evidence" / "ab" / "cdef.jpg").read_bytes() == b"a photograph"
    assert manifest.made_at == now
    assert manifest.revision == "0007"
    assert manifest.rows["gaps"] == 50
    assert manifest.rows["audit"] == 1
    assert sorted(path.name for path in target.iterdir()) == ["evidence", "gateway.db", "lock"]


def test_what_is_in_the_file(made):
    with tarfile.open(made) as tar:
        names = tar.getnames()
        reminder = tar.extractfile("README.txt").read().decode()
        manifest = json.load(tar.extractfile("manifest.json"))
    own = ["settings/gateway.yaml", "settings/rules/s1.yaml"]
    assert names == ["gateway.db", "evidence/ab/cdef.jpg", *own, "README.txt", "manifest.json"]
    assert "master key is NOT in this file" in reminder
    assert set(manifest["parts"]) == {"gateway.db", "evidence/ab/cdef.jpg", *own, "README.txt"}
    assert stat.S_IMODE(made.stat().st_mode) == 0o600


def test_no_key_in_the_file(made, tmp_path, evidence, now):
    (tmp_path / "master.key").write_bytes(b"THE KEY")
    second = tmp_path / "second.tar"
    backup(tmp_path / "gateway.db", evidence, second, now)
    assert b"THE KEY" not in second.read_bytes()


def test_nothing_is_left_beside_and_nothing_overwritten(made, tmp_path, evidence, now):
    assert not list(tmp_path.glob(".backup-*"))
    before = made.read_bytes()
    with pytest.raises(ConfigurationError, match="never overwritten"):
        backup(tmp_path / "gateway.db", evidence, made, now)
    assert made.read_bytes() == before


def test_no_database_to_back_up(tmp_path, now):
    with pytest.raises(ConfigurationError, match="nothing to back up"):
        backup(tmp_path / "gateway.db", tmp_path / "evidence", tmp_path / "b.tar", now)
    (tmp_path / "gateway.db").write_bytes(b"no database" * 100)
    with pytest.raises(ConfigurationError, match="cannot be read as a database"):
        backup(tmp_path / "gateway.db", tmp_path / "evidence", tmp_path / "b.tar", now)
    assert [path.name for path in tmp_path.iterdir()] == ["gateway.db"]


def test_a_backup_without_evidence(database, tmp_path, now):
    backup(tmp_path / "gateway.db", tmp_path / "none", tmp_path / "b.tar", now)
    manifest = restore(tmp_path / "b.tar", tmp_path / "new")
    assert set(manifest.parts) == {"gateway.db", "README.txt"}


async def test_an_existing_database_is_replaced_only_when_told(made, database, tmp_path):
    await database.close()
    data = tmp_path
    with pytest.raises(ConfigurationError, match="holds a database already"):
        restore(made, data)
    assert len(await read_back(data)) == 51
    (data / "gateway.db-wal").write_bytes(b"a log that must not meet the new database")
    restore(made, data, overwrite=True, lock=data / "lock")
    assert len(await read_back(data)) == 50
    [aside] = data.glob("replaced-*")
    assert sorted(path.name for path in aside.iterdir()) == ["gateway.db", "gateway.db-wal"]
    (aside / "gateway.db-wal").unlink()
    assert len(await read_back(aside)) == 51


def test_settings_take_the_place_of_all_that_are_there_when_told(made, tmp_path):
    data = tmp_path / "new"
    (data / "rules").mkdir(parents=True)
    before = {"gateway.yaml": b"log: {}", "automations.yaml": b"automations: {}", "rules/gone.yaml": b"y: 2"}
    for name, content in before.items():
        (data / name).write_bytes(content)
    (data / "master.key").write_bytes(b"THE KEY")
    assert restore(made, data, settings=True).settings == ("gateway.yaml", "rules/s1.yaml")
    now_there = {path.relative_to(data).as_posix(): path.read_bytes() for path in data.glob("*.yaml")}
    assert now_there == {"gateway.yaml": b"sync: {every: 2m}"}
    assert {path.name: path.read_bytes() for path in (data / "rules").iterdir()} == {"s1.yaml": b"x: 1"}
    assert (data / "master.key").read_bytes() == b"THE KEY"
    [aside] = data.glob("replaced-*")
    kept = {path.relative_to(aside).as_posix(): path.read_bytes() for path in aside.rglob("*") if path.is_file()}
    assert kept == before


def test_settings_stay_where_a_backup_holds_none(database, tmp_path, now):
    backup(tmp_path / "gateway.db", tmp_path / "none", tmp_path / "b.tar", now)
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "gateway.yaml").write_bytes(b"log: {}")
    assert restore(tmp_path / "b.tar", tmp_path / "new", settings=True).settings == ()
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["gateway.db", "gateway.yaml"]


async def test_not_under_a_running_gateway(made, database, tmp_path):
    with pytest.raises(ConfigurationError, match="one process"):
        restore(made, tmp_path, overwrite=True, lock=tmp_path / "lock")
    assert len(await database.read(ids)) == 51


def flip(members, wanted, at=-10):
    for name, content in members:
        changed = bytearray(content)
        if name == wanted:
            changed[at] ^= 0xFF
        yield name, bytes(changed)


DAMAGE = {
    "database": lambda members: flip(members, "gateway.db", 5000),
    "evidence": lambda members: flip(members, "evidence/ab/cdef.jpg", 0),
    "manifest": lambda members: flip(members, "manifest.json", 0),
    "no manifest": lambda members: members[:-1],
    "evidence missing": lambda members: [one for one in members if not one[0].startswith("evidence")],
    "a part more": lambda members: [("evidence/more", b"x"), *members],
    "a part twice": lambda members: [members[0], *members],
    "outside": lambda members: [("../outside", b"x"), *members],
    "outside of evidence": lambda members: [("evidence/../../outside", b"x"), *members],
    "absolute": lambda members: [("/outside", b"x"), *members],
    "stranger": lambda members: [("master.key", b"x"), *members],
    "settings": lambda members: flip(members, "settings/rules/s1.yaml", 0),
    "settings missing": lambda members: [one for one in members if one[0] != "settings/gateway.yaml"],
    "a key among the settings": lambda members: [("settings/master.key", b"x"), *members],
    "settings too deep": lambda members: [("settings/rules/rules/s1.yaml", b"x"), *members],
    "settings elsewhere": lambda members: [("settings/other/gateway.yaml", b"x"), *members],
    "settings that are a folder": lambda members: [("settings", b"x"), *members],
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_backup_changes_nothing(made, tmp_path, damage):
    target = tmp_path / "new"
    target.mkdir()
    with pytest.raises(DataError, match="damaged"):
        restore(altered(made, DAMAGE[damage]), target)
    assert list(target.iterdir()) == []
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_cut_off_backup(made, tmp_path, share):
    content = made.read_bytes()
    cut = tmp_path / "cut.tar"
    cut.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(DataError, match="damaged"):
        restore(cut, tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []


def test_a_file_that_is_no_backup(tmp_path):
    file = tmp_path / "letter.txt"
    file.write_text("Dear reader")
    with pytest.raises(DataError, match="no tar file"):
        restore(file, tmp_path / "new")
    with pytest.raises(ConfigurationError, match="no backup file"):
        restore(tmp_path / "missing.tar", tmp_path / "new")


async def test_a_broken_audit_trail_is_not_restored(database, made, tmp_path, now):
    await database.write(lambda c: c.execute(text("update audit set who = 'bob'")))
    second = tmp_path / "second.tar"
    backup(tmp_path / "gateway.db", tmp_path / "evidence", second, now)
    with pytest.raises(DataError, match="audit"):
        restore(second, tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []


async def test_a_backup_of_a_newer_release(database, tmp_path, now):
    await database.write(lambda c: c.execute(text("update alembic_version set version_num = '9999'")))
    with pytest.raises(ConfigurationError, match="newer release"):
        backup(tmp_path / "gateway.db", tmp_path / "evidence", tmp_path / "b.tar", now)
