"""The channel against an injected router: what is repeated, what is refused, what is signed, what is logged."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import aiohttp
import httpx
import pytest
import respx
import structlog
from aiohttp.client_reqrep import ConnectionKey

from gateway.clock import ManualClock, SystemClock
from gateway.errors import (
    ConfigurationError,
    DataError,
    InvalidRequest,
    NotAllowed,
    NotSent,
    OutcomeUnknown,
    RateLimited,
    TokenExpired,
)
from gateway.model.store import StoreMode
from gateway.ports import Answer, Call, Rate
from gateway.transport.client import make_client
from gateway.transport.gate import Standing
from gateway.transport.retry import RetryPlan

START = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
LIMIT = 20.0


async def settle() -> None:
    for _ in range(30):
        await asyncio.sleep(0)


def refused(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, headers={"X-Never-Left": "yes"})  # `Network` makes of it what nobody listening does


class Network(httpx.AsyncBaseTransport):
    """The router; fails as the production client does where a route says `refused` (respx sets causes of its own)."""

    def __init__(self, router: respx.MockRouter) -> None:
        self.router = router

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self.router.async_handler(request)
        if "X-Never-Left" in response.headers:
            key = ConnectionKey(request.url.host, 443, True, True, None, None, None)
            raise httpx.ConnectError("refused") from aiohttp.ClientConnectorError(key, OSError(111, "refused"))
        return response


def lost(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout(f"no answer from {request.url}", request=request)


@pytest.fixture
def router() -> respx.MockRouter:
    return respx.MockRouter(base_url="https://toy.example", assert_all_called=False)


@pytest.fixture
def make(router: respx.MockRouter, make_bench, toy, make_store) -> Callable[..., object]:
    """Return a bench whose network is the router, and its channel to one store."""

    def build(**options):
        bench = make_bench(make_client(Network(router)), **options)
        return bench, bench.channel(toy, make_store())

    return build


async def test_a_call_is_signed_sent_and_answered(make, router, read_call) -> None:
    route = router.get("/orders").respond(200, headers={"X-Page": "1"}, content=b'{"ok": 1}')
    _, channel = make()

    answer = await channel.send(read_call)

    assert answer == Answer(200, answer.headers, b'{"ok": 1}')
    assert answer.headers["x-page"] == "1"
    request = route.calls.last.request
    assert dict(request.url.params) == {
        "timestamp": "1795316400",
        "shop": "ext-s1",
        "access_token": "access-1",
        "sign": "sign-key-canary",
    }
    assert request.headers["Authorization"] == "access-1"
    assert channel.store.id == "s1"


async def test_the_body_and_method_of_a_write_go_as_they_are(make, router) -> None:
    route = router.post("/note").respond(200)
    _, channel = make()

    await channel.send(Call(operation="note", method="POST", path="/note", body='{"n":"小"}'.encode(), idempotent="no"))

    assert route.calls.last.request.content == '{"n":"小"}'.encode()


async def test_the_signature_is_made_after_the_wait_for_a_token(router, make_bench, make_toy, make_store) -> None:
    route = router.get("/orders").respond(200)
    toy, clock = make_toy(rate=Rate(1.0, 1)), ManualClock(START)
    bench = make_bench(make_client(httpx.MockTransport(router.async_handler)), clock=clock)
    channel = bench.channel(toy, make_store())
    call = Call(operation="order.list", method="GET", path="/orders")

    await channel.send(call)
    waiting = asyncio.create_task(channel.send(call))
    await settle()
    assert route.call_count == 1
    bench.give(make_store(), access="access-2")  # renewed by somebody while this call waits
    clock.advance(timedelta(seconds=1))
    await asyncio.wait_for(waiting, LIMIT)

    params = route.calls.last.request.url.params
    assert params["timestamp"] == "1795316401"
    assert params["access_token"] == "access-2"


# --- what is repeated


@pytest.mark.parametrize("kind", ["read", "effect"])
async def test_what_never_left_is_always_repeated(make, router, read_call, effect_call, kind) -> None:
    call = read_call if kind == "read" else effect_call
    route = router.route(path=call.path).mock(side_effect=[refused, refused, httpx.Response(200, content=b"done")])
    bench, channel = make()
    bench.standing = Standing(StoreMode.act)

    assert (await channel.send(call)).body == b"done"
    assert route.call_count == 3
    assert bench.naps == [0.5, 1.0], "doubling, without jitter here"


async def test_tries_are_bounded(make, router, read_call) -> None:
    route = router.get("/orders").mock(side_effect=refused)
    bench, channel = make(plan=RetryPlan(tries=4, jitter=0.0))

    with pytest.raises(NotSent):
        await channel.send(read_call)

    assert route.call_count == 4
    assert bench.naps == [0.5, 1.0, 2.0]


async def test_jitter_spreads_the_repetitions(make, router, read_call) -> None:
    router.get("/orders").mock(side_effect=refused)
    bench, channel = make(plan=RetryPlan(tries=6, first=1.0, longest=4.0, jitter=0.5))

    with pytest.raises(NotSent):
        await channel.send(read_call)

    for nap, least in zip(bench.naps, [1.0, 2.0, 4.0, 4.0, 4.0], strict=True):
        assert least <= nap <= least + 0.5
    assert len({nap % 1 for nap in bench.naps}) > 1


@pytest.mark.parametrize("answer", [lost, httpx.Response(500), httpx.Response(503, content=b"<html>")])
async def test_an_unclear_read_is_repeated(make, router, read_call, answer) -> None:
    route = router.get("/orders").mock(side_effect=[answer, httpx.Response(200)])
    _, channel = make()

    assert (await channel.send(read_call)).status == 200
    assert route.call_count == 2


@pytest.mark.parametrize("answer", [lost, httpx.Response(500), httpx.Response(302)])
@pytest.mark.parametrize(
    "changes",
    [
        {"effect": True, "idempotent": "no"},
        {"effect": True, "idempotent": "by_key"},
        {"effect": True, "idempotent": "yes"},
        {"effect": False, "idempotent": "no"},
        {"effect": False, "idempotent": "by_key"},
    ],
)
async def test_an_unclear_write_is_never_repeated(make, router, effect_call, answer, changes) -> None:
    route = router.post("/cancel").mock(side_effect=[answer, httpx.Response(200)])
    bench, channel = make()
    bench.standing = Standing(StoreMode.act)

    with pytest.raises(OutcomeUnknown):
        await channel.send(replace(effect_call, **changes))

    assert route.call_count == 1
    assert bench.naps == []


async def test_too_many_calls_waits_as_told_and_repeats_also_a_write(make, router, effect_call) -> None:
    answers = [httpx.Response(429, headers={"Retry-After": "7"}), httpx.Response(200, content=b"done")]
    route = router.post("/cancel").mock(side_effect=answers)
    bench, channel = make(clock=SystemClock())
    bench.standing = Standing(StoreMode.act)

    answer = await asyncio.wait_for(channel.send(effect_call), LIMIT)

    assert answer.body == b"done"
    assert route.call_count == 2
    assert bench.naps == [7.0]


async def test_a_date_says_how_long_to_wait(make, router, read_call) -> None:
    date = "Sun, 22 Nov 2026 03:00:09 GMT"
    router.get("/orders").mock(side_effect=[httpx.Response(429, headers={"Retry-After": date}), httpx.Response(200)])
    bench, channel = make()

    await asyncio.wait_for(channel.send(read_call), LIMIT)

    assert bench.naps == [9.0]


async def test_without_a_word_about_time_the_pauses_double(make, router, read_call) -> None:
    answers = [httpx.Response(429), httpx.Response(429, headers={"Retry-After": "soon"}), httpx.Response(200)]
    router.get("/orders").mock(side_effect=answers)
    bench, channel = make()

    await asyncio.wait_for(channel.send(read_call), LIMIT)

    assert bench.naps == [0.5, 1.0]


async def test_who_was_told_to_wait_holds_the_others_back(make, router, read_call) -> None:
    route = router.get("/orders").mock(side_effect=[httpx.Response(429, headers={"Retry-After": "30"})] * 4)
    clock = ManualClock(START)
    _, channel = make(clock=clock, plan=RetryPlan(tries=1))

    with pytest.raises(RateLimited) as told:
        await channel.send(read_call)
    assert told.value.retry_after == 30
    route.mock(return_value=httpx.Response(200))
    other = asyncio.create_task(channel.send(read_call))
    await settle()
    assert route.call_count == 1
    clock.advance(timedelta(seconds=30))
    assert (await asyncio.wait_for(other, LIMIT)).status == 200


async def test_a_rest_longer_than_patience_is_told_at_once(make, router, read_call) -> None:
    route = router.get("/orders").mock(return_value=httpx.Response(429, headers={"Retry-After": "3600"}))
    bench, channel = make()

    with pytest.raises(RateLimited) as first:
        await channel.send(read_call)
    with pytest.raises(RateLimited, match="Nothing was sent") as second:
        await channel.send(read_call)

    assert first.value.retry_after == 3600
    assert second.value.retry_after == 3601
    assert route.call_count == 1
    assert bench.naps == []


async def test_a_status_the_adapter_cannot_explain_is_no_success(make, router, read_call) -> None:
    route = router.get("/orders").respond(418)
    _, channel = make()

    with pytest.raises(InvalidRequest, match="HTTP 418"):
        await channel.send(read_call)
    assert route.call_count == 1


# --- what is refused before anything is sent


@pytest.mark.parametrize(
    ("standing", "says"),
    [
        (Standing(StoreMode.observe), "mode observe"),
        (Standing(StoreMode.ask, "stopped by hand"), "stopped by hand"),
        (Standing(StoreMode.act, "stopped by hand"), "effects are stopped"),
        (Standing(StoreMode.observe, "stopped by hand"), "effects are stopped"),
    ],
)
async def test_an_effect_is_refused_before_anything_is_sent(make, router, effect_call, standing, says) -> None:
    route = router.post("/cancel").respond(200)
    bench, channel = make()
    bench.standing = standing

    with pytest.raises(NotAllowed, match=says):
        await channel.send(effect_call)

    assert route.call_count == 0


@pytest.mark.parametrize("mode", [StoreMode.ask, StoreMode.act])
async def test_an_effect_goes_where_the_mode_lets_it(make, router, effect_call, mode) -> None:
    route = router.post("/cancel").respond(200)
    bench, channel = make()
    bench.standing = Standing(mode)

    await channel.send(effect_call)

    assert route.call_count == 1


@pytest.mark.parametrize("standing", [Standing(StoreMode.observe), Standing(StoreMode.observe, "stopped")])
async def test_reads_go_on_whatever_stops_effects(make, router, read_call, standing) -> None:
    router.get("/orders").respond(200)
    bench, channel = make()
    bench.standing = standing

    assert (await channel.send(read_call)).status == 200


async def test_a_stop_set_while_an_effect_waits_still_stops_it(router, make_bench, make_toy, make_store) -> None:
    route = router.post("/cancel").respond(200)
    clock = ManualClock(START)
    bench = make_bench(make_client(httpx.MockTransport(router.async_handler)), clock=clock)
    bench.standing = Standing(StoreMode.act)
    channel = bench.channel(make_toy(rate=Rate(1.0, 1)), make_store())
    call = Call(operation="order.cancel", method="POST", path="/cancel", effect=True, idempotent="no")

    await channel.send(call)
    waiting = asyncio.create_task(channel.send(call))
    await settle()
    bench.standing = Standing(StoreMode.act, "stopped by hand")
    clock.advance(timedelta(seconds=1))

    with pytest.raises(NotAllowed):
        await asyncio.wait_for(waiting, LIMIT)
    assert route.call_count == 1


async def test_a_stop_set_between_two_tries_stops_the_second(make, router, effect_call) -> None:
    bench, channel = make()
    bench.standing = Standing(StoreMode.act)

    def refuse_and_stop(request: httpx.Request) -> httpx.Response:
        bench.standing = Standing(StoreMode.act, "stopped by hand")
        return refused(request)

    route = router.post("/cancel").mock(side_effect=refuse_and_stop)

    with pytest.raises(NotAllowed):
        await channel.send(effect_call)
    assert route.call_count == 1


async def test_an_address_that_cannot_be_called_is_a_fault_of_the_configuration(make, read_call) -> None:
    bench, channel = make()
    for base in ("ftp://toy.example", "toy.example", "https://toy.example:abc"):
        bench.app = bench.app.model_copy(update={"base_url": base})
        channel = bench.transport.channel(channel._line.adapter, bench.app, bench.secret, channel.store)
        with pytest.raises(ConfigurationError, match="base_url"):
            await channel.send(read_call)


# --- large and slow answers


async def test_a_read_larger_than_the_limit_is_bad_input(make, router, read_call) -> None:
    route = router.get("/orders").respond(200, content=b"x" * 1001)
    _, channel = make(body_limit=1000)

    with pytest.raises(DataError, match="larger than 1000 bytes"):
        await channel.send(read_call)
    assert route.call_count == 1


async def test_a_body_of_just_the_limit_is_read(make, router, read_call) -> None:
    router.get("/orders").respond(200, content=b"x" * 1000)
    _, channel = make(body_limit=1000)

    assert len((await channel.send(read_call)).body) == 1000


async def test_a_write_with_too_large_an_answer_was_probably_applied(make, router, effect_call) -> None:
    router.post("/cancel").respond(200, content=b"x" * 1001)
    bench, channel = make(body_limit=1000)
    bench.standing = Standing(StoreMode.act)

    with pytest.raises(OutcomeUnknown, match="probably applied"):
        await channel.send(effect_call)


async def test_an_endless_packed_body_is_not_unpacked_to_its_end(
    raw_server, production_client, make_bench, make_toy, make_store, read_call
) -> None:
    piece, sent = gzip.compress(b"0" * 1_000_000), 0

    async def bomb(reader, writer) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2000000000\r\n\r\n")
        while not reader.at_eof():
            writer.write(piece)
            await writer.drain()
            sent += 1

    async with raw_server(bomb) as server:
        bench = make_bench(production_client, body_limit=100_000)
        channel = bench.channel(make_toy(server.base), make_store())
        with pytest.raises(DataError, match="larger than 100000 bytes"):
            await asyncio.wait_for(channel.send(read_call), LIMIT)


# --- scopes


async def test_the_app_channel_signs_without_store_and_token(make, router, toy) -> None:
    route = router.get("/shops").respond(200)
    bench, _ = make()
    channel = bench.transport.app_channel(toy, bench.app, bench.secret)

    await channel.send(Call(operation="shops", method="GET", path="/shops", scope="app"))

    params = route.calls.last.request.url.params
    assert (params["shop"], params["access_token"]) == ("", "")


async def test_the_app_channel_serves_no_store(make, toy, read_call, effect_call) -> None:
    bench, _ = make()
    channel = bench.transport.app_channel(toy, bench.app, bench.secret)

    with pytest.raises(InvalidRequest, match="not for a store"):
        _ = channel.store
    for call in (read_call, effect_call, replace(effect_call, scope="app")):
        with pytest.raises(InvalidRequest, match="belongs to a store"):
            await channel.send(call)


async def test_the_app_channel_cannot_renew_anything(make, router, toy) -> None:
    router.get("/shops").respond(200, headers={"X-Code": "token_expired"})
    bench, _ = make()
    channel = bench.transport.app_channel(toy, bench.app, bench.secret)

    with pytest.raises(TokenExpired):
        await channel.send(Call(operation="shops", method="GET", path="/shops", scope="app"))


async def test_an_app_call_over_a_stores_channel_does_not_wait_for_the_stores_bucket(
    router, make_bench, make_toy, make_store, read_call
) -> None:
    router.get("/orders").respond(200)
    shops = router.get("/shops").respond(200)
    bench = make_bench(make_client(httpx.MockTransport(router.async_handler)))
    channel = bench.channel(make_toy(rate=Rate(1.0, 1)), make_store())
    await channel.send(read_call)

    app_call = Call(operation="shops", method="GET", path="/shops", scope="app")
    assert (await asyncio.wait_for(channel.send(app_call), LIMIT)).status == 200
    assert shops.calls.last.request.url.params["access_token"] == ""


# --- what is told


async def test_one_line_a_request_without_secrets(make, router, read_call, effect_call) -> None:
    router.get("/orders").mock(side_effect=[lost, httpx.Response(200, content=b"body-canary")])
    router.post("/cancel").respond(200)
    bench, channel = make()
    bench.standing = Standing(StoreMode.act)

    with structlog.testing.capture_logs() as lines:
        await channel.send(read_call)
        await channel.send(effect_call)

    assert [(line["event"], line["operation"], line["store"], line.get("status")) for line in lines] == [
        ("call failed", "order.list", "s1", None),
        ("call", "order.list", "s1", 200),
        ("call", "order.cancel", "s1", 200),
    ]
    assert [line["log_level"] for line in lines] == ["warning", "debug", "info"]
    assert all(isinstance(line["milliseconds"], int) for line in lines)
    for secret in ("access-1", "sign-key-canary", "timestamp=", "body-canary"):
        assert secret not in str(lines)


async def test_the_request_id_of_a_refusal_is_told(make, router, read_call) -> None:
    router.get("/orders").respond(200, headers={"X-Code": "token_expired"})
    _, channel = make()

    with structlog.testing.capture_logs() as lines, pytest.raises(TokenExpired):
        await channel.send(replace(read_call, refreshable=False))

    [line] = lines
    assert (line["error"], line["error_code"], line["request_id"]) == ("TokenExpired", "token_expired", "req-7")


async def test_a_failure_carries_no_address_not_even_behind_it(make, router, effect_call) -> None:
    router.post("/cancel").mock(side_effect=lost)
    bench, channel = make()
    bench.standing = Standing(StoreMode.act)

    with pytest.raises(OutcomeUnknown) as error:
        await channel.send(effect_call)

    behind: BaseException | None = error.value
    while behind is not None:
        assert "access-1" not in repr(behind)
        assert "sign-key-canary" not in repr(behind)
        behind = behind.__cause__ or behind.__context__
