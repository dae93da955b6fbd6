"""Pages read by another process: the same results, whatever becomes of it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import DataError
from gateway.orders.alerts import open_alerts
from gateway.orders.prepared import prepare_batch
from gateway.orders.quarantine import list_open
from gateway.orders.store import order, raw
from gateway.ports import OrderBatch, OrderPage, Unread, Window
from gateway.sync import aside as module
from gateway.sync.aside import Aside
from tests.kit.unread import numbered, who_reads

PATIENCE = 30


@pytest.fixture(autouse=True)
def two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_processors", lambda: 2)


async def reader_of(aside: Aside) -> int:
    """Return the number of the process that reads now."""
    batch = await aside.read(Unread(who_reads, (b"",)))
    return int(batch.orders[0].order_id)


async def other_reader(aside: Aside) -> int:
    """Read pages until another process does it; return its number."""
    async with asyncio.timeout(PATIENCE):
        while (reader := await reader_of(aside)) == os.getpid():
            await asyncio.sleep(0.01)
    return reader


def is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


async def test_another_process_gives_what_would_be_read_here(desk: Any) -> None:
    pages = [Unread(numbered, (f"a{n} bad c{n}7".encode(), desk.store)) for n in range(20)]
    async with Aside() as aside:
        await other_reader(aside)
        got = await asyncio.gather(*(aside.read(page) for page in pages))
        await other_reader(aside)  # it was there all the time
    assert got == [prepare_batch(page.read()) for page in pages]


async def test_a_few_pages_start_no_process_nor_do_many_outside_a_pull() -> None:
    aside = Aside()
    async with aside:
        assert {await reader_of(aside) for _ in range(4)} == {os.getpid()}
        assert aside._serving is None
    assert {await reader_of(aside) for _ in range(20)} == {os.getpid()}
    assert aside._serving is None


async def test_one_processor_reads_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_processors", lambda: 1)
    async with Aside() as aside:
        assert {await reader_of(aside) for _ in range(20)} == {os.getpid()}
        assert aside._serving is None


@pytest.mark.slow
async def test_the_process_ends_with_the_last_who_uses_it() -> None:
    async with Aside() as aside:
        async with aside:
            reader = await other_reader(aside)
        assert await reader_of(aside) == reader
    assert not is_there(reader)


async def test_a_process_that_dies_leaves_no_page_unread(desk: Any) -> None:
    pages = [Unread(numbered, (f"p{n}".encode(), desk.store)) for n in range(40)]
    async with Aside() as aside:
        reader = await other_reader(aside)
        reading = [asyncio.create_task(aside.read(page)) for page in pages]
        await asyncio.sleep(0)  # all have been asked for
        os.kill(reader, signal.SIGKILL)
        got = await asyncio.wait_for(asyncio.gather(*reading), PATIENCE)
        assert await reader_of(aside) == os.getpid()
    assert [batch.orders[0].order_id for batch in got] == [f"p{n}" for n in range(40)]


async def test_a_process_that_cannot_be_started_is_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    async with Aside() as aside:
        for _ in range(20):
            assert await reader_of(aside) == os.getpid()
            await asyncio.sleep(0)


@pytest.mark.slow
async def test_a_process_that_ends_at_its_start_is_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MODULE", "gateway.no_such_module")
    async with Aside() as aside:
        assert {await reader_of(aside) for _ in range(5)} == {os.getpid()}
        assert aside._serving is not None
        await asyncio.wait_for(aside._serving, PATIENCE)
        assert await reader_of(aside) == os.getpid()


@pytest.mark.slow
async def test_what_cannot_be_read_there_raises_here(desk: Any) -> None:
    async with Aside() as aside:
        await other_reader(aside)
        with pytest.raises(DataError, match="this is no page"):
            await aside.read(Unread(numbered, (b"none", desk.store)))
        local = await aside.read(Unread(lambda: OrderBatch(missing=["x"]), ()))  # no other process finds this reader
        assert local.orders == []
        await other_reader(aside)


@pytest.mark.slow
async def test_a_reader_that_was_given_up_does_not_mix_up_the_others(desk: Any) -> None:
    async with Aside() as aside:
        await other_reader(aside)
        given_up = asyncio.create_task(aside.read(Unread(numbered, (b"x", desk.store))))
        await asyncio.sleep(0)
        given_up.cancel()
        batch = await aside.read(Unread(numbered, (b"y", desk.store)))
    assert [each.order_id for each in batch.orders] == ["y"]


@pytest.mark.slow
def test_the_process_ends_with_the_gateway_however_that_ends(tmp_path: Path) -> None:
    told = tmp_path / "told"
    text = f"""
import asyncio, pathlib, sys
sys.path[:] = {sys.path!r}
from gateway.sync import aside as module
from tests.kit.unread import who_reads
from gateway.ports import Unread
import os

module._processors = lambda: 2

async def main():
    async with module.Aside() as aside:
        while (batch := await aside.read(Unread(who_reads, (b"",)))).orders[0].order_id == str(os.getpid()):
            await asyncio.sleep(0.01)
        pathlib.Path({str(told)!r}).write_text(batch.orders[0].order_id)
        print("ready", flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE, text=True) as gateway:
        assert gateway.stdout is not None
        assert gateway.stdout.readline() == "ready\n"
        reader = int(told.read_text())
        assert is_there(reader)
        gateway.kill()
    for _ in range(PATIENCE * 100):
        if not is_there(reader) or "Z" in Path(f"/proc/{reader}/stat").read_text().split()[2]:
            return
        signal.sigtimedwait([], 0.01)
    raise AssertionError("the process that reads pages outlived the gateway")


class Whole:
    """A paper platform whose list gives whole orders, unread."""

    def __init__(self, desk: Any, pages: list[str]) -> None:
        self.manifest = desk.platform.manifest
        self._store = desk.store
        self._pages = pages

    async def list_orders(self, channel: Any, window: Window, page: str | None) -> OrderPage:
        at = int(page or 0)
        following = str(at + 1) if at + 1 < len(self._pages) else None
        return OrderPage((), following, Unread(numbered, (self._pages[at].encode(), self._store)))

    async def fetch_orders(self, channel: Any, ids: Any) -> OrderBatch:
        return numbered(" ".join(ids).encode(), self._store)


async def test_a_pull_of_unread_pages_stores_orders_words_and_what_is_bad(desk: Any) -> None:
    pages = [f"o{n}" for n in range(60)]
    pages[30] = "o30 bad extra7"
    desk.platform = Whole(desk, pages)
    report = await desk.pull(history=timedelta(hours=5)).changes()
    assert (report.seen, report.changed, report.bad) == (62, 61, 1)
    for number in ("o0", "o30", "o59"):
        assert await desk.read(lambda c, i=number: raw(c, desk.vault, "s1", i)) == number.encode()
        stored = await desk.read(lambda c, i=number: order(c, desk.vault, "s1", i, with_personal=True))
        assert stored.order.note == f"note {number}"
    assert [kept.external_id for kept in await desk.read(list_open)] == ["bad"]
    assert [alert.word for alert in await desk.read(open_alerts)] == ["NEW"]


async def test_pages_before_one_that_cannot_be_read_are_stored(desk: Any) -> None:
    desk.platform = Whole(desk, ["o1", "o2", "none", "o4"])
    with pytest.raises(DataError):
        await desk.pull(history=timedelta(hours=5)).changes()
    stored = [i for i in ("o1", "o2", "o4") if await desk.read(lambda c, i=i: order(c, desk.vault, "s1", i))]
    assert stored == ["o1", "o2"]
