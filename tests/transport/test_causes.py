"""Eight ways a server can fail a request, over raw sockets, with the production client (DESIGN.md, Unclear writes)."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from urllib.parse import parse_qsl

import aiohttp
import httpx
import pytest

from gateway.errors import NotSent, OutcomeUnknown
from gateway.ports import Answer, Call
from gateway.transport.causes import read_failure
from gateway.transport.client import Timeouts, make_client
from gateway.transport.retry import RetryPlan

LIMIT = 30.0
ONCE = RetryPlan(tries=1)


async def read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-l")), 0
    )
    return head + await reader.readexactly(length)


async def accept_close(reader, writer) -> None:
    return


async def read_then_close(reader, writer) -> None:
    await read_request(reader)


async def reset(reader, writer) -> None:
    await read_request(reader)
    linger = struct.pack("ii", 1, 0)  # close() then sends RST
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()


async def truncated(reader, writer) -> None:
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b'{"error":""')
    await writer.drain()


async def garbage(reader, writer) -> None:
    await read_request(reader)
    writer.write(b"\x16\x03\x01 this is no HTTP at all\r\n\r\n")
    await writer.drain()


async def hang(reader, writer) -> None:
    await read_request(reader)
    await reader.read()  # until the client gives up


async def slow_body(reader, writer) -> None:
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while not reader.at_eof():
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


async def fine(reader, writer) -> None:
    while True:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: shop=1; Path=/\r\n\r\nok")
        await writer.drain()


def write_call() -> Call:
    return Call(operation="order.cancel", method="POST", path="/cancel", body=b"{}", idempotent="no")


def read_call() -> Call:
    return Call(operation="order.list", method="GET", path="/orders")


@pytest.fixture
async def send(make_bench, make_toy, make_store):
    """Send one call to an address through a channel with the production client, and return what came of it."""

    async def send(base: str, call: Call, plan: RetryPlan = ONCE) -> object:
        async with make_client(timeouts=Timeouts(connect=5.0, read=0.4, pool=5.0)) as client:
            bench = make_bench(client, plan=plan, time_limit=1.0)
            channel = bench.channel(make_toy(base), make_store())
            async with asyncio.timeout(LIMIT):
                try:
                    return await channel.send(call)
                except Exception as error:
                    return error

    return send


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize("call", [read_call(), write_call()], ids=["GET", "POST"])
async def test_refused_was_not_sent(send, call: Call) -> None:
    outcome = await send(f"http://127.0.0.1:{closed_port()}", call)

    assert type(outcome) is NotSent
    assert "127.0.0.1" in str(outcome)
    assert "Nothing was sent" in str(outcome)


@pytest.mark.parametrize("call", [read_call(), write_call()], ids=["GET", "POST"])
@pytest.mark.parametrize("behaviour", [accept_close, read_then_close, reset, truncated, garbage, hang, slow_body])
async def test_everything_after_the_connection_is_unknown(send, raw_server, behaviour, call: Call) -> None:
    async with raw_server(behaviour) as server:
        outcome = await send(server.base, call)

    assert type(outcome) is OutcomeUnknown
    assert server.connections == 1, "one attempt is one request on the wire: nothing below may repeat it"


async def test_a_good_answer_is_an_answer(send, raw_server) -> None:
    async with raw_server(fine) as server:
        outcome = await send(server.base, write_call())

    assert isinstance(outcome, Answer)
    assert (outcome.status, outcome.body) == (200, b"ok")


async def test_tls_that_cannot_be_agreed_was_not_sent(send, raw_server) -> None:
    async with raw_server(accept_close) as server:
        outcome = await send(server.base.replace("http:", "https:"), write_call())

    assert type(outcome) is NotSent


async def test_a_kept_connection_that_died_is_not_used_twice_by_itself(raw_server) -> None:
    answered = 0

    async def answer_once_then_close(reader, writer) -> None:
        nonlocal answered
        await read_request(reader)
        answered += 1
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()
        await read_request(reader)
        answered += 1  # read, and hang up

    async with raw_server(answer_once_then_close) as server, make_client() as client:
        assert (await client.get(server.base)).content == b"ok"
        with pytest.raises(httpx.ConnectTimeout) as failure:  # the class that says nothing
            await client.get(server.base)

    assert type(read_failure("order.list", "127.0.0.1", failure.value)) is OutcomeUnknown
    assert (answered, server.connections) == (2, 1)


async def test_a_broken_read_is_repeated_by_the_plan_and_a_broken_write_is_not(send, raw_server) -> None:
    async with raw_server(read_then_close) as server:
        await send(server.base, read_call(), RetryPlan(tries=3, jitter=0.0))
        assert server.connections == 3
    async with raw_server(read_then_close) as server:
        await send(server.base, write_call(), RetryPlan(tries=3, jitter=0.0))
        assert server.connections == 1


async def test_stores_share_no_cookies_and_redirects_are_not_followed(raw_server) -> None:
    heads: list[bytes] = []

    async def redirecting(reader, writer) -> None:
        while True:
            heads.append(await read_request(reader))
            writer.write(b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\nSet-Cookie: s=1\r\n\r\n")
            await writer.drain()

    async with raw_server(redirecting) as server, make_client() as client:
        named = server.base.replace("127.0.0.1", "localhost")  # cookie jars keep nothing of bare addresses
        for _ in range(2):
            assert (await client.get(named + "/here")).status_code == 302

    assert len(heads) == 2
    assert all(b"cookie" not in head.lower() and b"/elsewhere" not in head for head in heads)


async def test_the_environment_sets_no_proxy(raw_server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")
    async with raw_server(fine) as server, make_client() as client:
        assert (await client.get(server.base)).content == b"ok"


async def test_the_wire_carries_the_values_that_were_signed(raw_server) -> None:
    lines: list[str] = []

    async def note(reader, writer) -> None:
        lines.append((await read_request(reader)).split(b"\r\n", maxsplit=1)[0].decode("ascii"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    path = "/a?q=a%2Bb%26c%3Dd%2Fe&name=%E5%B0%8F%E7%BA%A2&t=2026-11-22T03%3A00%3A00&list=1%2C2&sp=a%20b"
    async with raw_server(note) as server, make_client() as client:
        await client.get(server.base + path)

    # The client may write "%2C" as ",": same values, other bytes. So adapters sign values, never a finished query.
    [line] = lines
    assert parse_qsl(line.split(" ")[1].partition("?")[2], strict_parsing=True) == [
        ("q", "a+b&c=d/e"),
        ("name", "小红"),
        ("t", "2026-11-22T03:00:00"),
        ("list", "1,2"),
        ("sp", "a b"),
    ]


def caused(cause: BaseException | None) -> httpx.ConnectTimeout:
    failure = httpx.ConnectTimeout("https://x.example/p?access_token=secret-canary")
    failure.__cause__ = cause
    return failure


CONNECTION_KEY = aiohttp.client_reqrep.ConnectionKey("x.example", 443, True, True, None, None, None)


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        (aiohttp.ClientConnectorError(CONNECTION_KEY, OSError(111, "refused")), NotSent),
        (aiohttp.ClientConnectorDNSError(CONNECTION_KEY, OSError(-2, "unknown")), NotSent),
        (aiohttp.ClientConnectorSSLError(CONNECTION_KEY, ssl.SSLError(1, "bad")), NotSent),
        (aiohttp.ClientConnectorCertificateError(CONNECTION_KEY, ssl.SSLCertVerificationError(1, "bad")), NotSent),
        (aiohttp.ConnectionTimeoutError("Connection timeout to host"), NotSent),
        (aiohttp.SocketTimeoutError("Timeout on reading"), OutcomeUnknown),
        (aiohttp.ServerTimeoutError("Timeout"), OutcomeUnknown),
        (aiohttp.ServerDisconnectedError(), OutcomeUnknown),
        (aiohttp.ClientOSError(104, "reset"), OutcomeUnknown),
        (aiohttp.ClientPayloadError("short"), OutcomeUnknown),
        (OSError(111, "refused"), OutcomeUnknown),
        (None, OutcomeUnknown),
    ],
)
def test_the_cause_decides(cause: BaseException | None, kind: type[Exception]) -> None:
    error = read_failure("order.cancel", "x.example", caused(cause))

    assert type(error) is kind
    assert "order.cancel" in str(error)
    assert "secret-canary" not in str(error)


def test_the_class_of_httpx_says_nothing() -> None:
    for name in ("ConnectError", "ConnectTimeout", "ReadTimeout", "ReadError", "PoolTimeout"):
        assert type(read_failure("order.cancel", "x.example", getattr(httpx, name)("?"))) is OutcomeUnknown
