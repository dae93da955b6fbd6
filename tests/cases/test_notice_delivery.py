"""Notices reach their addresses: signed, once more after a failure, never two addresses held up by one."""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import select
from standardwebhooks import Webhook

from gateway.cases.deliveries import WAITS, deliveries_of, disabled_since, wants
from gateway.cases.notice_words import Words
from gateway.cases.notices import NOTICE_KIND, Level, Notice, tell
from gateway.config import NotifyAddress
from gateway.errors import ConfigurationError, Conflict, DataError, NotFound
from gateway.operations.notices import send_notice_again, settle_notice, try_address
from gateway.operations.notifying.loops import Delivering, routing
from gateway.operations.notifying.secrets import open_address
from gateway.operations.notifying.sending import Sender, load_apprise
from gateway.storage.schema import notices, work
from gateway.work import queue
from gateway.work.leases import Alone

SECRET = "whsec_" + base64.b64encode(b"a secret of an invented shop").decode()


@dataclass
class Receiver:
    """An address that answers what it is told to, and keeps what it was sent."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    before: Callable[[], Awaitable[None]] | None = None

    async def take(self, request: web.Request) -> web.Response:
        self.got.append((dict(request.headers), await request.read()))
        if self.before is not None:
            await self.before()
        status = self.answers.pop(0) if self.answers else 204
        return web.Response(status=status, headers=self.headers)

    def messages(self) -> list[Any]:
        """Return what was sent, each verified with the library's own check."""
        return [Webhook(SECRET).verify(body, headers) for headers, body in self.got]


@pytest.fixture
async def receive() -> AsyncIterator[Callable[[], Awaitable[Receiver]]]:
    runners = []

    async def start() -> Receiver:
        receiver = Receiver()
        app = web.Application()
        app.router.add_post("/{tail:.*}", receiver.take)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        runners.append(runner)
        receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
        return receiver

    yield start
    for runner in runners:
        await runner.cleanup()


@dataclass
class Post:
    """The delivering of an office, step by step."""

    office: Any
    environ: dict[str, str]
    delivering: Delivering

    async def tell(
        self, key: str = "k", kind: str = "stock_low", level: Level = Level.warning, store: str = "blue"
    ) -> str:
        told = {"sku": "CUP", "quantity": 3, "line": 20, "supplier": ""}
        now = self.office.clock.now()
        await self.office.write(
            lambda c: tell(c, key=key, kind=kind, store=store, order_id="A", level=level, details=told, now=now)
        )
        found: str = await self.office.read(
            lambda c: c.execute(select(notices.c.id).where(notices.c.key == key)).scalar_one()
        )
        claim = queue.Claim(1, NOTICE_KIND, found, b"", 1, 1)
        await routing(self.office.context)(claim)
        return found

    async def step(self, name: str = "team") -> bool:
        address = next(each for each in self.office.context.configuration.notify.addresses if each.name == name)
        return await self.delivering.deliver_next(address)

    async def ways(self, notice: str) -> list[tuple[str, str, int]]:
        found = await self.office.read(lambda c: deliveries_of(c, notice))
        return [(each.address, each.state.value, each.attempts) for each in found]


@pytest.fixture
async def post(office, receive) -> AsyncIterator[tuple[Post, Receiver]]:
    """An office with one webhook, called ``team``."""
    office.clock.set(datetime.now(UTC))  # a receiver compares it with its own
    receiver = await receive()
    environ = {"TEAM_URL": receiver.url, "TEAM_SECRET": SECRET}
    office.configure(notify={"addresses": [_webhook("team")]})
    sender = Sender()
    yield Post(office, environ, Delivering(office.context, Alone(), sender=sender, environ=environ)), receiver
    await sender.close()


def _webhook(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "url_from": f"{name.upper()}_URL", "secret_from": "TEAM_SECRET", **more}


async def test_a_notice_is_sent_signed_with_its_words(post) -> None:
    post, receiver = post
    notice = await post.tell()
    assert await post.step() is True
    assert await post.step() is False
    (message,) = receiver.messages()
    assert message["type"] == "notice.stock_low"
    assert message["data"]["id"] == notice == receiver.got[0][0]["webhook-id"]
    assert (message["data"]["store"], message["data"]["order"], message["data"]["level"]) == ("blue", "A", "warning")
    assert message["data"]["title"] == "Stock is low: CUP"
    assert "3 units are left, fewer than 20" in message["data"]["text"]
    assert await post.ways(notice) == [("team", "sent", 1)]


async def test_telling_submits_the_work_that_finds_the_addresses(post) -> None:
    post, _ = post
    notice = await post.tell()
    query = select(work.c.kind, work.c.state).where(work.c.key == notice)
    assert await post.office.read(lambda c: tuple(c.execute(query).one())) == ("notice", "waiting")


async def test_an_address_gets_what_it_asks_for(post) -> None:
    post, _ = post
    addresses = [
        _webhook("all", level="info"), _webhook("blue", stores=["blue"]), _webhook("red", stores=["red"]),
        _webhook("stock", kinds=["stock_low"]), _webhook("late", kinds=["ship_by_due"]),
        _webhook("urgent", level="urgent"),
    ]  # fmt: skip
    post.office.configure(notify={"addresses": addresses})
    assert [name for name, _, _ in await post.ways(await post.tell("one"))] == ["all", "blue", "stock"]
    found = await post.ways(await post.tell("two", kind="quota_none_left", level=Level.urgent, store=""))
    assert [name for name, _, _ in found] == ["all", "blue", "red", "urgent"], "of the whole gateway: to every store"
    assert await post.ways(await post.tell("three", kind="other", level=Level.info, store="red")) == [
        ("all", "waiting", 0)
    ]


async def test_a_failure_is_tried_again_for_three_days_and_then_given_up(post) -> None:
    post, receiver = post
    assert timedelta(days=2, hours=20) < sum(WAITS, timedelta()) <= timedelta(days=3)
    assert list(WAITS) == sorted(WAITS)
    receiver.answers = [500] * (len(WAITS) + 1)
    notice = await post.tell()
    for attempt, wait in enumerate(WAITS, start=1):
        assert await post.step() is True
        assert await post.ways(notice) == [("team", "waiting", attempt)]
        post.office.clock.advance(wait - timedelta(milliseconds=1))
        assert await post.step() is False, "not before its time"
        post.office.clock.advance(timedelta(milliseconds=1))
    assert await post.step() is True
    assert await post.ways(notice) == [("team", "given_up", 10)]
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1, "it is the same message each time"
    (delivery,) = await send_notice_again(post.office.context, notice[:8], by="mei")
    assert delivery.attempts == 0
    assert await post.step() is True
    assert await post.ways(notice) == [("team", "sent", 1)]


async def test_an_address_says_itself_when_to_come_again(post) -> None:
    post, receiver = post
    receiver.answers, receiver.headers = [429], {"Retry-After": "120"}
    await post.tell()
    assert await post.step() is True
    post.office.later(seconds=119)
    assert await post.step() is False
    post.office.later(seconds=1)
    assert await post.step() is True


async def test_redirects_are_not_followed(post) -> None:
    post, receiver = post
    receiver.answers, receiver.headers = [302], {"Location": receiver.url + "/elsewhere"}
    notice = await post.tell()
    assert await post.step() is True
    assert await post.ways(notice) == [("team", "waiting", 1)]
    assert len(receiver.got) == 1
    (way,) = await post.office.read(lambda c: deliveries_of(c, notice))
    assert "not followed" in way.last_error
    assert "127.0.0.1" not in way.last_error


async def test_an_address_that_is_gone_gets_nothing_until_it_is_tried_again(post, monkeypatch) -> None:
    post, receiver = post
    receiver.answers = [410]
    first, second = await post.tell("one"), await post.tell("two")
    assert await post.step() is True
    assert await post.step() is False
    assert sorted([*await post.ways(first), *await post.ways(second)]) == [
        ("team", "given_up", 1),
        ("team", "waiting", 0),
    ]
    assert "address_gone" in await post.office.kinds()
    with pytest.raises(Conflict, match="has said that it is gone"):
        await send_notice_again(post.office.context, first, by="mei")
    for name, value in post.environ.items():
        monkeypatch.setenv(name, value)
    tested = await try_address(post.office.context, "team", by="mei")
    assert tested.enabled is True
    assert receiver.messages()[-1]["type"] == "notice.test"
    assert await post.office.read(lambda c: disabled_since(c, "team")) is None
    assert await post.step() is True


async def test_a_test_that_is_not_taken_says_why_and_shows_no_secret(post, monkeypatch) -> None:
    post, receiver = post
    for name, value in post.environ.items():
        monkeypatch.setenv(name, value)
    receiver.answers = [403]
    with pytest.raises(Conflict, match="did not take the test: the address answered 403") as caught:
        await try_address(post.office.context, "team", by="mei")
    assert receiver.url not in str(caught.value)
    with pytest.raises(NotFound, match="names no address nobody"):
        await try_address(post.office.context, "nobody", by="mei")


async def test_what_was_settled_before_it_could_be_sent_is_dropped(post) -> None:
    post, receiver = post
    receiver.answers = [503]
    notice = await post.tell()
    assert await post.step() is True
    await settle_notice(post.office.context, notice, by="mei")
    post.office.later(minutes=1)
    assert await post.step() is True
    assert len(receiver.got) == 1
    assert await post.ways(notice) == [("team", "given_up", 1)]
    with pytest.raises(Conflict, match="settled already"):
        await settle_notice(post.office.context, notice, by="mei")


async def test_a_slow_address_delays_no_other_and_a_dead_process_loses_nothing(post, receive) -> None:
    post, quick = post
    slow = await receive()
    hanging, go_on = asyncio.Event(), asyncio.Event()

    async def hang() -> None:
        hanging.set()
        await go_on.wait()

    slow.before = hang
    post.environ["SLOW_URL"] = slow.url
    post.office.configure(notify={"addresses": [_webhook("slow"), _webhook("team")]})
    ids = [await post.tell(f"n{number}") for number in range(3)]

    def start() -> asyncio.Task[None]:
        delivering = Delivering(post.office.context, Alone(), environ=post.environ, look_every=0.02)
        return asyncio.create_task(delivering.run())

    running = start()
    async with asyncio.timeout(30):
        await hanging.wait()
        while len(quick.got) < 3:
            await asyncio.sleep(0.01)
    running.cancel()  # it dies in the middle of a call
    await asyncio.gather(running, return_exceptions=True)
    assert {state for each in ids for name, state, _ in await post.ways(each) if name == "slow"} == {"waiting"}
    slow.before = None
    go_on.set()
    running = start()
    async with asyncio.timeout(30):
        while {state for each in ids for _, state, _ in await post.ways(each)} != {"sent"}:
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert {message["data"]["id"] for message in slow.messages()} == set(ids)
    assert len(quick.got) == 3


async def test_a_try_has_an_end_however_slow_the_address(post) -> None:
    post, receiver = post
    receiver.before = asyncio.Event().wait
    office = post.office
    told = await post.tell()
    notice = next(each for each in await office.notices() if each.id == told)
    address = open_address(office.context.configuration.notify.addresses[0], office.folder, post.environ)
    sender = Sender()
    tried = await sender.send(address, notice, Words("t", "t"), office.clock.now(), whole=0.05)
    await sender.close()
    assert tried.error == "no answer within 0.05 seconds"


async def test_what_waits_for_an_address_that_is_named_no_more_is_given_up(post) -> None:
    post, _ = post
    notice = await post.tell()
    post.office.configure(notify={"addresses": []})
    running = asyncio.create_task(Delivering(post.office.context, Alone(), environ={}).run())
    async with asyncio.timeout(30):
        while await post.ways(notice) != [("team", "given_up", 0)]:
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    with pytest.raises(DataError, match="went to no address"):
        await send_notice_again(post.office.context, notice, by="mei")


def _address(**more: Any) -> NotifyAddress:
    return NotifyAddress.model_validate(_webhook("team") | more)


@pytest.mark.parametrize(
    ("url", "more", "problem"),
    [
        ("http://hooks.example.com/x", {}, "everybody on the way can read"),
        ("http://10.0.0.8/x", {}, "everybody on the way can read"),
        ("ftp://hooks.example.com/x", {}, "holds no URL"),
        ("https://", {}, "holds no URL"),
        ("", {}, "is not set"),
    ],
)
def test_urls_that_are_refused(url: str, more: dict[str, Any], problem: str, tmp_path) -> None:
    with pytest.raises(ConfigurationError, match=problem) as caught:
        open_address(_address(**more), tmp_path, {"TEAM_URL": url, "TEAM_SECRET": SECRET})
    assert "hooks.example.com/x" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "more"),
    [
        ("https://hooks.example.com/x", {}),
        ("http://127.0.0.1:9/x", {}),
        ("http://[::1]:9/x", {}),
        ("http://localhost:9/x", {}),
        ("http://10.0.0.8/x", {"plain_http": True}),
    ],
)
def test_urls_that_are_taken_and_never_shown(url: str, more: dict[str, Any], tmp_path) -> None:
    opened = open_address(_address(**more), tmp_path, {"TEAM_URL": url, "TEAM_SECRET": SECRET})
    assert opened.url == url
    assert url not in repr(opened)
    assert SECRET not in repr(opened)


def test_a_secret_in_a_file_is_nobody_elses(tmp_path) -> None:
    file = tmp_path / "team.url"
    file.write_text("https://hooks.example.com/x\n")
    address = _address(url_from="team.url")
    file.chmod(0o640)
    with pytest.raises(ConfigurationError, match="others may read"):
        open_address(address, tmp_path, {"TEAM_SECRET": SECRET})
    file.chmod(0o600)
    assert open_address(address, tmp_path, {"TEAM_SECRET": SECRET}).url == "https://hooks.example.com/x"
    with pytest.raises(ConfigurationError, match="cannot be read"):
        open_address(_address(url_from="nowhere.url"), tmp_path, {"TEAM_SECRET": SECRET})
    with pytest.raises(ConfigurationError, match="holds no secret"):
        open_address(address, tmp_path, {"TEAM_SECRET": "whsec_"})


async def test_an_unusable_address_is_told_with_its_delivery(post) -> None:
    post, _ = post
    post.environ.pop("TEAM_URL")
    notice = await post.tell()
    assert await post.step() is True
    (way,) = await post.office.read(lambda c: deliveries_of(c, notice))
    assert "the environment variable TEAM_URL is not set" in way.last_error
    assert way.state == "waiting"


@pytest.mark.filterwarnings("ignore:'imghdr':DeprecationWarning")  # of a package that apprise imports
async def test_apprise_brings_it_too(post, receive) -> None:
    post, _ = post
    pytest.importorskip("apprise")
    other = await receive()
    post.environ["PHONE_URL"] = other.url.replace("http://", "json://")
    post.office.configure(
        notify={"language": "ja", "addresses": [{"name": "phone", "kind": "apprise", "url_from": "PHONE_URL"}]}
    )
    notice = await post.tell()
    assert await post.step("phone") is True
    assert await post.ways(notice) == [("phone", "sent", 1)]
    told = json.loads(other.got[0][1])
    assert told["title"] == "在庫わずか：CUP"
    other.answers = [500]
    failed = await post.tell("other")
    assert await post.step("phone") is True
    assert await post.ways(failed) == [("phone", "waiting", 1)]


def test_without_apprise_it_says_what_to_install(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(ConfigurationError, match="extra `notify`"):
        load_apprise()


def test_who_wants_what_is_told_apart_from_the_rows() -> None:
    notice = Notice("i", "k", "ship_by_due", "blue", "A", Level.warning, {}, datetime.now(UTC), None)
    assert wants(_address(), notice)
    assert not wants(_address(level="urgent"), notice)
    assert not wants(_address(kinds=("stock_low",)), notice)
