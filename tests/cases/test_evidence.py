from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from gateway.cases.evidence import EvidenceRoom, kinds
from gateway.cases.evidence_files import FolderFiles, FsspecFiles, files_at
from gateway.cases.media import media_of
from gateway.cases.tasks import TaskKind, open_task, tasks_like
from gateway.config import read_configuration
from gateway.errors import ConfigurationError, Conflict, DataError, NotFound
from gateway.orders.store import erase_person, upsert_orders
from gateway.policy.terms import EvidenceKind
from gateway.ports import OrderBatch
from gateway.storage import audit
from gateway.storage import evidence_register as register
from tests.kit.paper import make_order

PNG = b"\x89PNG\r\n\x1a\n" + b"a screenshot of the chat with a buyer"
JPEG = b"\xff\xd8\xff\xe0 a photograph of the broken cup"


def room_of(desk: Any, files: Any, **more: Any) -> EvidenceRoom:
    return EvidenceRoom(database=desk.database, vault=desk.vault, clock=desk.clock, files=files, **more)


@pytest.fixture
async def orders(desk):
    both = [make_order(each, desk.clock.now()) for each in ("o1", "o2")]
    await desk.database.write(lambda c: upsert_orders(c, desk.vault, OrderBatch(orders=both), desk.clock.now()))
    return desk


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "evidence"


@pytest.fixture
def room(orders, folder) -> EvidenceRoom:
    return room_of(orders, FolderFiles(folder))


async def test_a_file_is_kept_by_date_and_order_number_and_given_back(orders, room, folder):
    orders.clock.set(datetime(2026, 3, 10, 17, 0, tzinfo=UTC))  # the next day in Kuala Lumpur
    added = await room.add("s1", "o1", EvidenceKind.chat, PNG, name="C:\\shots\\聊天 1.png", by="anna")
    assert (added.number, added.kind, added.name, added.media_type) == (1, "chat", "聊天 1.png", "image/png")
    assert (added.size, added.by, added.at) == (len(PNG), "anna", orders.clock.now())
    kept = folder / "2026-03-11" / "o1" / f"{added.digest}.png"
    assert added.path == f"2026-03-11/o1/{added.digest}.png"
    assert hashlib.sha256(kept.read_bytes()).hexdigest() == added.digest
    assert b"screenshot" not in kept.read_bytes()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert await room.read(1) == (added, PNG)
    assert await room.on_record("s1", "o1") == [added]
    assert await room.on_record("s1", "o2") == []
    assert [path for path in folder.rglob("*") if path.is_file()] == [kept]


async def test_the_name_a_file_had_is_sealed_too(orders, room):
    await room.add("s1", "o1", EvidenceKind.chat, PNG, name="Wang Xiaoming.png", by="anna")
    [name] = await orders.read(lambda c: c.execute(text("select name from evidence")).scalars().all())
    assert b"Xiaoming" not in name


async def test_the_same_file_again_is_one_entry(orders, room, folder):
    first = await room.add("s1", "o1", EvidenceKind.chat, PNG, name="a.png", by="anna")
    orders.clock.set(datetime(2026, 3, 20, tzinfo=UTC))
    assert await room.add("s1", "o1", EvidenceKind.chat, PNG, name="b.png", by="ben") == first
    other_kind = await room.add("s1", "o1", EvidenceKind.problem, PNG, name="a.png", by="anna")
    other_order = await room.add("s1", "o2", EvidenceKind.chat, PNG, name="a.png", by="anna")
    assert (other_kind.number, other_kind.digest) == (2, first.digest)
    assert other_order.digest != first.digest, "sealed with another order's key"
    assert (await room.verify()).problems == ()


async def test_a_lost_file_is_put_back_by_adding_it_again(room, folder):
    added = await room.add("s1", "o1", EvidenceKind.chat, PNG, name="a.png", by="anna")
    (folder / added.path).unlink()
    assert len((await room.verify()).problems) == 1
    assert (await room.add("s1", "o1", EvidenceKind.chat, PNG, name="a.png", by="anna")).number == 1
    assert (await room.verify()).problems == ()


async def test_kinds_stand_in_the_rules_order_each_once(orders, room):
    for kind, content in ((EvidenceKind.problem, JPEG), (EvidenceKind.chat, PNG), (EvidenceKind.chat, JPEG)):
        await room.add("s1", "o1", kind, content, name="x", by="anna")
    assert await orders.read(lambda c: kinds(c, "s1", "o1")) == ("chat", "problem")
    assert await orders.read(lambda c: kinds(c, "s1", "o2")) == ()


@pytest.mark.parametrize(
    ("content", "media_type", "extension"),
    [
        (JPEG, "image/jpeg", "jpg"),
        (PNG, "image/png", "png"),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 ", "image/webp", "webp"),
        (b"%PDF-1.4\n\x00", "application/pdf", "pdf"),
        (b"\x00\x00\x00\x20ftypisom\x00\x00", "video/mp4", "mp4"),
        (b"\x00\x00\x00\x20ftypmp42\x00\x00", "video/mp4", "mp4"),
        ("\ufeff\n<!DOCTYPE HTML><p>订单".encode(), "text/html", "html"),
        ("买家：不要了\r\n".encode(), "text/plain", "txt"),
    ],
)
def test_types_are_told_by_their_first_bytes(content, media_type, extension):
    media = media_of(content)
    assert (media.media_type, media.extension) == (media_type, extension)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"MZ\x90\x00 a program", "none of JPEG"),
        (b"PK\x03\x04 an archive", "none of JPEG"),
        (b"\x00\x00\x00\x20ftypheic\x00", "none of JPEG"),
        (b"\x00\x00\x00\x20ftypqt  \x00", "none of JPEG"),
        (b"RIFF\x10\x00\x00\x00WAVEfmt ", "none of JPEG"),
        ("买家".encode("gbk"), "none of JPEG"),
        (b"GIF89a\x01\x00\x01\x00", "none of JPEG"),
    ],
)
def test_other_types_are_refused(content, says):
    with pytest.raises(DataError, match=says):
        media_of(content)


async def test_what_is_refused_leaves_nothing(room, folder):
    with pytest.raises(DataError, match="none of JPEG"):
        await room.add("s1", "o1", EvidenceKind.chat, b"MZ\x90\x00", name="a.png", by="anna")
    assert not folder.exists()
    assert await room.on_record() == []


async def test_a_file_too_large_is_refused_to_the_byte(orders, folder):
    room = room_of(orders, FolderFiles(folder), max_bytes=len(PNG))
    with pytest.raises(DataError, match=r"evidence\.max_mb"):
        await room.add("s1", "o1", EvidenceKind.chat, PNG + b"x", name="a.png", by="anna")
    assert (await room.add("s1", "o1", EvidenceKind.chat, PNG, name="a.png", by="anna")).number == 1


async def test_an_unknown_order_has_no_evidence(room, folder):
    with pytest.raises(NotFound, match="no order o3"):
        await room.add("s1", "o3", EvidenceKind.chat, PNG, name="a.png", by="anna")
    with pytest.raises(NotFound, match="no evidence 7"):
        await room.read(7)
    assert not folder.exists()


async def test_no_order_number_leads_out_of_the_place(orders, room, folder):
    numbers = ("../../../etc/passwd", "..", "a/b", "订单 1")
    batch = OrderBatch(orders=[make_order(number, orders.clock.now()) for number in numbers])
    await orders.database.write(lambda c: upsert_orders(c, orders.vault, batch, orders.clock.now()))
    for number in numbers:
        added = await room.add("s1", number, EvidenceKind.chat, PNG, name="a.png", by="anna")
        assert len(Path(added.path).parts) == 3
        assert ".." not in Path(added.path).parts
        assert (folder / added.path).is_file()


# what was tampered with is found


@pytest.fixture
async def three(room):
    for number, content in enumerate((PNG, JPEG, b"a text"), start=1):
        added = await room.add("s1", "o1", EvidenceKind.chat, content, name=f"{number}", by="anna")
        assert added.number == number
    return room


async def test_an_altered_byte_is_found_and_never_given_out(three, folder):
    [_, second, _] = await three.on_record()
    file = folder / second.path
    content = bytearray(file.read_bytes())
    content[20] ^= 1
    file.write_bytes(bytes(content))
    [problem] = (await three.verify()).problems
    assert "Number 2, order o1" in problem
    assert "altered or damaged" in problem
    with pytest.raises(DataError, match="altered or damaged"):
        await three.read(2)
    assert (await three.read(1))[1] == PNG


async def test_a_missing_file_is_found(three, folder):
    [first, *_] = await three.on_record()
    (folder / first.path).unlink()
    found = await three.verify("s1", "o1")
    assert (found.rows, found.files) == (3, 3)
    [problem] = found.problems
    assert "missing" in problem
    assert (await three.verify("s1", "o2")).problems == (), "the files of another order are not looked at"
    assert (await three.verify(files=False)).problems == ()


def unlock(c: Any, *tables: str) -> None:
    """Take away what keeps the rows, as somebody with the database in hand may."""
    for table in tables:
        for kind in ("update", "delete"):
            on = "" if c.dialect.name == "sqlite" else f" on {table}"
            c.execute(text(f"drop trigger if exists {table}_no_{kind}{on}"))


TAMPERING = (
    ("update evidence set kind = 'problem' where seq = 2", "Number 2 .* was altered"),
    ("update evidence set order_id = 'o2' where seq = 2", "Number 2 .* was altered"),
    ("update evidence set path = 'x' where seq = 2", "Number 2 .* was altered"),
    ("update evidence set name = cast('x' as blob) where seq = 2", "Number 2 .* was altered"),
    ("update evidence set at = at - 1 where seq = 1", "Number 1 .* was altered"),
    ("update evidence set digest = upper(digest) where seq = 3", "Number 3 .* was altered"),
    ("delete from evidence where seq = 2", "before number 3"),
    ("delete from evidence where seq = 1", "before number 2"),
    ("delete from evidence where seq = 3", "ends after 2 rows"),
    ("delete from evidence", "ends after 0 rows"),
    ("delete from audit where seq = 2", "Number 2 .* not the one the audit trail tells of"),
)


async def test_a_cut_or_altered_chain_is_found(orders, three):
    class Undo(Exception):
        pass

    for tamper, says in TAMPERING:

        def act(c: Any, tamper: str = tamper) -> None:
            unlock(c, "evidence", "audit")
            c.execute(text(tamper if c.dialect.name == "sqlite" else tamper.replace("blob", "bytea")))
            with pytest.raises(DataError) as found:
                register.verify(c)
            raise Undo(str(found.value))

        with pytest.raises(Undo) as told:
            await orders.database.write(act)
        assert re.search(says, str(told.value)), tamper
    assert (await three.verify()).problems == ()


async def test_a_cut_chain_is_among_the_problems(orders, three):
    def act(c: Any) -> None:
        unlock(c, "evidence")
        c.execute(text("delete from evidence where seq = 3"))

    await orders.database.write(act)
    found = await three.verify(files=False)
    assert found.rows == 2
    assert "cut off" in found.problems[0]


async def test_erasing_the_person_closes_the_files_for_good(orders, three, folder):
    assert await orders.database.write(lambda c: erase_person(c, "s1", "o1"))
    with pytest.raises(Conflict, match="erased"):
        await three.read(1)
    with pytest.raises(Conflict, match="erased"):
        await three.add("s1", "o1", EvidenceKind.chat, PNG, name="a.png", by="anna")
    assert [each.name for each in await three.on_record()] == [None, None, None]
    assert await orders.read(lambda c: kinds(c, "s1", "o1")) == (), "what nobody can open proves nothing"
    found = await three.verify()
    assert (found.rows, found.files, found.sealed_for_good, found.problems) == (3, 3, 3, ())
    [first, *_] = await three.on_record()
    (folder / first.path).write_bytes(b"x")
    assert len((await three.verify()).problems) == 1, "the sealed files still verify"


# crashes, cases, places


async def test_the_database_itself_refuses_to_change_a_row(orders, three):
    for act in ("update evidence set kind = 'chat'", "delete from evidence"):
        with pytest.raises(DatabaseError, match="append-only"):
            await orders.database.write(lambda c, act=act: c.execute(text(act)).rowcount)


async def test_a_file_that_cannot_be_written_has_no_row(orders, tmp_path):
    (tmp_path / "taken").write_text("a file where a folder should be")
    room = room_of(orders, FolderFiles(tmp_path / "taken"))
    with pytest.raises(ConfigurationError, match="cannot be written"):
        await room.add("s1", "o1", EvidenceKind.chat, PNG, name="a.png", by="anna")
    assert await room.on_record() == []


async def test_a_crash_before_the_row_leaves_an_orphan_and_a_whole_register(orders, room, folder, monkeypatch):
    def dies(*_: object) -> None:
        raise RuntimeError("the process dies here")

    with monkeypatch.context() as patched:
        patched.setattr("gateway.cases.evidence.register.append", dies)
        with pytest.raises(RuntimeError):
            await room.add("s1", "o1", EvidenceKind.chat, PNG, name="a.png", by="anna")
    assert len(list(folder.rglob("*.png"))) == 1
    assert await room.on_record() == []
    assert (await room.verify()).problems == ()
    await room.add("s1", "o1", EvidenceKind.chat, PNG, name="a.png", by="anna")
    assert len(list(folder.rglob("*.png"))) == 1, "the orphan is taken up"


async def test_the_orders_open_case_hears_of_it_in_the_same_transaction(orders, room):
    row = (
        "insert into cases (id, store, order_id, reason, batch_size, intent, via, opened_at, opened_by, state, stage, "
        "due_at, version, fence, path, step, waits_for, because, currency) values ('c1', 's1', 'o1', 'out_of_stock', "
        "1, 'i', 'person', 0, 'anna', 'running', 'ending', null, 1, 0, '', '', 'person', '', 'MYR')"
    )
    await orders.database.write(lambda c: c.execute(text(row)).rowcount)
    await room.add("s1", "o1", EvidenceKind.chat, PNG, name="a.png", by="anna")
    due, version = await orders.read(lambda c: c.execute(text("select due_at, version from cases")).one())
    assert (due, version) == (int(orders.clock.now().timestamp()) * 1_000_000, 2)
    history = await orders.read(lambda c: c.execute(text('select what, "by", details from case_history')).all())
    assert [tuple(each) for each in history] == [("signal", "anna", b'{"why":"evidence"}')]


async def test_the_task_that_asked_for_it_is_done_with_it(orders, room):
    def ask(c):
        about = {"case_id": "c1", "store": "s1", "order_id": "o1", "details": {}, "due_by": None}
        for kind in ("chat", "problem"):
            open_task(c, kind=TaskKind.collect_evidence, subject=f"o1:{kind}", now=orders.clock.now(), **about)

    await orders.database.write(ask)
    await room.add("s1", "o1", EvidenceKind.chat, PNG, name="a.png", by="anna")
    told = {each.subject: (each.state, each.done_by, each.because) for each in await orders.read(tasks_like)}
    assert told == {"o1:chat": ("done", "anna", "on file: chat"), "o1:problem": ("open", None, "")}


async def test_the_audit_trail_tells_of_it_and_verifies(orders, three):
    entries = await orders.read(lambda c: audit.of_order(c, "s1", "o1"))
    assert [(each.who, each.what, each.details["kind"]) for each in entries] == [("anna", "evidence_added", "chat")] * 3
    assert await orders.read(audit.verify) == 3


async def test_any_place_of_fsspec_keeps_evidence(orders, tmp_path):
    files = FsspecFiles("memory://evidence-of-a-test/below")
    room = room_of(orders, files)
    added = await room.add("s1", "o1", EvidenceKind.chat, PNG, name="a.png", by="anna")
    assert (await room.read(1))[1] == PNG
    assert (await room.verify()).problems == ()
    memory = files._fs
    assert memory.exists(f"/evidence-of-a-test/below/{added.path}")
    memory.pipe_file(f"/evidence-of-a-test/below/{added.path}", b"another")
    assert "altered" in (await room.verify()).problems[0]
    memory.rm_file(f"/evidence-of-a-test/below/{added.path}")
    assert "missing" in (await room.verify()).problems[0]
    memory.rm("/evidence-of-a-test", recursive=True)


def test_a_place_is_named_by_its_url(tmp_path):
    assert files_at("", tmp_path).where == str(tmp_path)
    assert files_at("file:///srv/evidence%20files", tmp_path).where == "/srv/evidence files"
    with pytest.raises(ConfigurationError, match="nothing here can speak to nowhere://"):
        files_at("nowhere://x/y", tmp_path)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("evidence:\n  url: evidence", "gateway.yaml, line 2.*evidence.url: write a URL"),
        ("evidence:\n  url: memory://x", "forgets everything"),
        ("evidence:\n  url: sftp://anna:secret@host/x", "leave user and password out"),
        ("evidence:\n  max_mb: 100", "gateway.yaml, line 2.*max_mb"),
        ("evidence:\n  path: x", "no such setting"),
    ],
)
def test_a_place_in_the_configuration_is_checked(tmp_path, lines, says):
    file = tmp_path / "gateway.yaml"
    file.write_text(lines)
    with pytest.raises(ConfigurationError, match=says) as error:
        read_configuration(file)
    assert "secret@" not in str(error.value)


def test_a_place_in_the_configuration(tmp_path):
    file = tmp_path / "gateway.yaml"
    file.write_text("evidence:\n  url: s3://bucket/evidence\n  max_mb: 5\n")
    settings = read_configuration(file).evidence
    assert (settings.url, settings.max_mb) == ("s3://bucket/evidence", 5)
    file.unlink()
    assert (read_configuration(file).evidence.url, read_configuration(file).evidence.max_mb) == ("", 20)
