from __future__ import annotations

import random
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from mocks.kit.clock import Clock
from mocks.kit.faults import FaultTable
from mocks.kit.push import PushSender

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LADDER = (300, 1800, 10_800)


class Style:
    def sign(self, url: str, body: bytes) -> dict[str, str]:
        return {"Authorization": f"{url}|{len(body)}"}

    def received(self, status: int, body: bytes) -> bool:
        return 200 <= status < 300 and not body


class Bench:
    def __init__(self) -> None:
        self.clock = Clock("virtual")
        self.faults = FaultTable(random.Random(1))
        self.sender = PushSender("t", self.clock, self.faults, Style())
        self.bodies: list[str] = []
        self.signatures: list[str] = []
        self.answer: tuple[int, str] = (204, "")

    async def take(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.text())
        self.signatures.append(request.headers["Authorization"])
        return web.Response(status=self.answer[0], text=self.answer[1] or None)

    def send(self, text: str, *, store: str = "s", kind: str = "3") -> None:
        self.sender.send(kind=kind, store=store, order_id=text, body=text.encode(), ladder=LADDER)

    async def pass_time(self, seconds: int) -> None:
        await self.clock.advance(timedelta(seconds=seconds))

    def tries(self) -> list[tuple[int, int | None, bool]]:
        start = int(Clock("virtual").now().timestamp())
        return [(one.at - start, one.status, one.ok) for one in self.sender.attempts]


@asynccontextmanager
async def opened() -> AsyncIterator[Bench]:
    bench = Bench()
    app = web.Application()
    app.router.add_post("/hook", bench.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    bench.sender.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield bench
    finally:
        await bench.sender.close()
        await runner.cleanup()


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with opened() as made:
        yield made


async def test_received_at_once(bench: Bench) -> None:
    bench.send("a")
    await bench.sender.settle()
    assert bench.tries() == [(0, 204, True)]
    assert bench.signatures == [f"{bench.sender.url}|1"]


async def test_the_whole_ladder_then_lost(bench: Bench) -> None:
    bench.answer = (503, "")
    bench.send("a")
    await bench.pass_time(86_400)
    assert bench.tries() == [(0, 503, False), (300, 503, False), (2100, 503, False), (12_900, 503, False)]
    assert [one.body for one in bench.sender.lost] == [b"a"]
    assert bench.bodies == ["a"] * 4


async def test_a_body_in_the_answer_is_a_failure_and_a_later_try_may_do(bench: Bench) -> None:
    bench.answer = (200, "ok")
    bench.send("a")
    await bench.pass_time(299)
    assert bench.tries() == [(0, 200, False)]
    bench.answer = (200, "")
    await bench.pass_time(86_400)
    assert bench.tries() == [(0, 200, False), (300, 200, True)]
    assert bench.sender.lost == []


async def test_nobody_listens() -> None:
    bench = Bench()
    bench.sender.url = "http://127.0.0.1:9/hook"
    bench.send("a")
    await bench.pass_time(86_400)
    await bench.sender.close()
    assert [(at, status, ok) for at, status, ok in bench.tries()] == [
        (0, None, False),
        (300, None, False),
        (2100, None, False),
        (12_900, None, False),
    ]
    assert len(bench.sender.lost) == 1


async def test_without_url_or_disabled_nothing_is_sent(bench: Bench) -> None:
    bench.sender.enabled = False
    bench.send("a")
    bench.sender.enabled, bench.sender.url = True, None
    bench.send("b")
    await bench.sender.settle()
    assert (bench.bodies, bench.sender.attempts, bench.sender.lost) == ([], [], [])


async def test_one_store_in_order(bench: Bench) -> None:
    wanted = [f"m{number}" for number in range(30)]
    for text in wanted:
        bench.send(text)
    await bench.sender.settle()
    assert bench.bodies == wanted


@pytest.mark.parametrize(
    ("fault", "bodies"),
    [
        ({"fault": "push_drop"}, ["b"]),
        ({"fault": "push_duplicate"}, ["a", "a", "b"]),
        ({"fault": "push_reorder"}, ["b", "a"]),
        ({"fault": "push_delay", "seconds": 60}, ["b", "a"]),
    ],
)
async def test_faults(bench: Bench, fault: dict[str, Any], bodies: list[str]) -> None:
    bench.faults.add([{"operation": "push/3", "times": 1, **fault}])
    bench.send("a")
    bench.send("b")
    await bench.pass_time(60)
    assert bench.bodies == bodies


async def test_a_held_message_does_not_wait_for_ever(bench: Bench) -> None:
    bench.faults.add([{"operation": "push/*", "fault": "push_reorder", "times": 1}])
    bench.send("a")
    await bench.pass_time(59)
    assert bench.bodies == []
    await bench.pass_time(1)
    assert bench.bodies == ["a"]


async def test_probe(bench: Bench) -> None:
    assert bench.sender.url is not None
    assert await bench.sender.probe(bench.sender.url, b"{}")
    bench.answer = (500, "")
    assert not await bench.sender.probe(bench.sender.url, b"{}")
    assert bench.sender.attempts == []
