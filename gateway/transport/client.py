"""The one place where HTTP clients are made."""

from __future__ import annotations

import functools
import logging
import ssl
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport
from httpx_aiohttp.transport import AiohttpResponseStream

from gateway.transport.redaction import RedactingFilter

_USER_AGENT = "order-gateway"
_CONNECTIONS = 320  # above the limiter's cap, so that nobody waits for a connection inside the client
_PIECE = 1 << 16  # bytes; packed ones unpack to a thousand times as much before their size is looked at
_BUFFER = 1 << 18  # bytes of one answer that may arrive before some are read
_KEEP_ALIVE = 10.0  # seconds; shorter than servers keep an idle connection, or writes meet a closing one


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long each step of a request may take, in seconds of real time."""

    connect: float = 10.0  # name, TCP and TLS
    read: float = 30.0  # between two pieces of the answer
    pool: float = 20.0  # for a connection to come free and be made


class ConnectionLost(aiohttp.ClientConnectionError):
    """The connection ended after it was made and before an answer came."""


async def _never_repeat(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    # aiohttp by itself sends a GET again when the connection breaks. Whether a request may be repeated is decided by
    # the retry plan alone, which sees each attempt; an error of this class is not repeated by aiohttp.
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise ConnectionLost(type(error).__name__) from error


@functools.cache
def _trusted() -> ssl.SSLContext:
    """Return whom every client of this process trusts: reading the authorities takes longer than many calls."""
    return httpx.create_ssl_context(trust_env=False)


class _Transport(AiohttpTransport):
    """Gives answers in larger pieces than the library's own 16 KB, for each piece passes through many layers."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return its answer, unread."""
        response = await super().handle_async_request(request)
        if isinstance(response.stream, AiohttpResponseStream):
            response.stream.CHUNK_SIZE = _PIECE
        return response


def _transport() -> AiohttpTransport:
    context = _trusted()

    def session() -> aiohttp.ClientSession:  # made at the first request, inside the running loop
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=context, limit=_CONNECTIONS, keepalive_timeout=_KEEP_ALIVE),
            cookie_jar=aiohttp.DummyCookieJar(),
            middlewares=(_never_repeat,),
            trust_env=False,
            read_bufsize=_BUFFER,
        )

    return _Transport(verify=context, trust_env=False, client=session)


def make_client(
    transport: httpx.AsyncBaseTransport | None = None, *, timeouts: Timeouts | None = None
) -> httpx.AsyncClient:
    """Return a client: no environment, no redirects, no cookies, time limits on each step. The caller closes it.

    ``transport`` replaces the network, for tests. Stores share the client, hence no cookies: what a platform sets in
    the answer for one store must not travel with the next.
    """
    timeouts = timeouts or Timeouts()
    quiet = logging.getLogger("httpx")  # it logs each address with its query
    if not any(isinstance(known, RedactingFilter) for known in quiet.filters):
        quiet.addFilter(RedactingFilter())
    return httpx.AsyncClient(
        transport=transport or _transport(),
        trust_env=False,
        follow_redirects=False,
        timeout=httpx.Timeout(connect=timeouts.connect, read=timeouts.read, write=timeouts.read, pool=timeouts.pool),
        headers={"User-Agent": _USER_AGENT, "Accept": "application/json", "Accept-Encoding": "gzip, deflate"},
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
    )
