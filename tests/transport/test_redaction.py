"""Canaries: invented secrets and persons, put into logs in every way a careless line could."""

from __future__ import annotations

import io
import json as stdlib_json
import logging
from collections.abc import Iterator

import httpx
import pytest
import structlog

from gateway.transport.client import make_client
from gateway.transport.redaction import configure_logging, redact, redact_text

SHORT_HEX = "5a6a4e5a7a4c4f6d5a6b4f7a"
TOKEN = "6b4f7a4d5a6a4e5a7a4c4f6d5a6b4f7a"  # hex, as Shopee's access tokens look
SIGN = "0f3c9a7be1d24685a0b9c8d7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a2b1c0d9e8f7"
JWT = "eyJhbGciOiJIUzI1NiJ9abcDEF123456.eyJzdWIiOiIxMjM0NTY3ODkwIn0abcDEF12.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJVadQssw5c"
BASE64 = "TTP_pwSm2AAAAABmmtFz1xlyKMnwg74T2GJ5s0uQbS6jPjb_GkdFVCxPqg"
PHONE = "+65 9123 4567"
MOBILE = "13800138000"
NAME = "Wang Xiaoming"
URL = f"https://partner.shopeemobile.com/api/v2/order/get_order_list?partner_id=2001&sign={SIGN}&access_token={TOKEN}"
CANARIES = (SHORT_HEX, TOKEN, SIGN, BASE64, PHONE, MOBILE, NAME, *JWT.split("."))


@pytest.fixture
def restore_logging() -> Iterator[None]:
    root = logging.getLogger()
    before = list(root.handlers), root.level
    yield
    root.handlers[:], level = before
    root.setLevel(level)
    for name in ("httpx", "httpcore", "aiohttp", "asyncio"):
        logging.getLogger(name).setLevel(logging.NOTSET)
    structlog.reset_defaults()


@pytest.fixture(params=[True, False], ids=["json", "text"])
def log(request: pytest.FixtureRequest, restore_logging: None) -> io.StringIO:
    stream = io.StringIO()
    configure_logging("debug", json=request.param, stream=stream)
    return stream


def clean(stream: io.StringIO) -> str:
    text = stream.getvalue()
    assert text, "nothing was logged: the test would prove nothing"
    for canary in CANARIES:
        assert canary not in text
    return text


class TokenHolder:
    def __repr__(self) -> str:
        return f"TokenHolder(access_token='{TOKEN}')"


def test_structlog_hides_by_name_and_by_look(log: io.StringIO) -> None:
    structlog.get_logger("gateway.x").info(
        "something happened",
        access_token="short",
        partner_key="pk-short",
        Authorization="Bearer abc",
        code="4e4f",
        recipient_name=NAME,
        headers={"x-tts-access-token": "tts-short", "Cookie": "c=1"},
        nested=[{"refresh_token": "r-short", "buyer": {"phone": 6591234567}}],
        address=URL,
        holder=TokenHolder(),
        text=f"called {URL} for {MOBILE} and {PHONE} with {BASE64}",
        body=b'{"name": "Wang Xiaoming"}',
        jwt=JWT,
        word=SHORT_HEX,
    )

    text = clean(log)
    for hidden in ("short", "Bearer abc", "4e4f", "c=1", "6591234567", "partner_id=2001"):
        assert hidden not in text
    assert "something happened" in text
    assert "gateway.x" in text


def test_a_traceback_of_structlog_is_hidden_too(log: io.StringIO) -> None:
    try:
        try:
            raise ValueError(f"bad answer from {URL}")
        except ValueError as error:
            raise RuntimeError(f"token {TOKEN} of {MOBILE}") from error
    except RuntimeError:
        structlog.get_logger().exception("call failed")

    text = clean(log)
    assert "RuntimeError" in text
    assert "partner.shopeemobile.com" in text


def test_records_of_libraries_are_hidden(log: io.StringIO) -> None:
    library = logging.getLogger("somebody.else")
    library.warning("GET %s -> %d", URL, 200)
    library.warning(f"refresh_token={TOKEN} name: {{'recipient_name': '{NAME}', 'phone': '{PHONE}'}}")
    library.warning("%(token)s", {"token": JWT})
    library.error(ValueError(f"no: {URL}"))
    try:
        raise OSError(f"cannot reach {URL}")
    except OSError:
        library.exception("failed with %s", BASE64)

    text = clean(log)
    assert "-> 200" in text
    assert "cannot reach" in text


async def test_the_http_client_says_nothing_of_its_addresses(log: io.StringIO) -> None:
    logging.getLogger("httpx").setLevel(logging.INFO)  # somebody turns it up again

    async with make_client(httpx.MockTransport(lambda request: httpx.Response(200))) as client:
        await client.get(URL)

    assert "partner.shopeemobile.com" in clean(log)


async def test_the_http_client_is_quiet(log: io.StringIO) -> None:
    async with make_client(httpx.MockTransport(lambda request: httpx.Response(200))) as client:
        await client.get(URL)

    assert log.getvalue() == ""


async def test_the_client_guards_its_logger_before_any_logging_is_configured(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "httpx")

    async with make_client(httpx.MockTransport(lambda request: httpx.Response(200))) as client:
        await client.get(URL)

    assert "partner.shopeemobile.com" in caplog.text
    assert SIGN not in caplog.text
    assert TOKEN not in caplog.text


def test_levels_and_second_configuration(restore_logging: None) -> None:
    first, second = io.StringIO(), io.StringIO()
    configure_logging("info", json=True, stream=first)
    configure_logging("warning", json=True, stream=second)
    structlog.get_logger("a").info("quiet")
    logging.getLogger("b").info("quiet")
    structlog.get_logger("a").warning("loud")
    logging.getLogger("b").warning("loud")

    lines = [stdlib_json.loads(line) for line in second.getvalue().splitlines()]
    assert [(line["event"], line["level"], line["logger"]) for line in lines] == [
        ("loud", "warning", "a"),
        ("loud", "warning", "b"),
    ]
    assert first.getvalue() == ""


@pytest.mark.parametrize(
    "text",
    [
        "order 2201158V2J5XQP of store shop-7 moved to in_transit",
        "3 orders since 2026-11-22 03:00:00 in 118 ms",
        "window 2026-11-08T03:00:00+00:00 .. 2026-11-22T03:00:00+00:00",
        "order 576461413038785752 is closed",
        "rule shopee.cancellation.seller_cancel_unshipped_order_within_days applies",
        "File /usr/lib/python3.11/site-packages/gateway/transport/channel.py, line 214",
        "listening on 127.0.0.1:8600",
        "case 0193b6f0-2f6e-7c3e-9a51-5f0c1d2e3f40 waits",
        "status: 200, attempts=3",
    ],
)
def test_what_an_operator_needs_stays(text: str) -> None:
    assert redact_text(text) == text


@pytest.mark.parametrize(
    "text",
    [
        f"x?sign={SIGN}",
        f"Authorization: Bearer {BASE64}",
        f'{{"refresh_token": "{TOKEN}"}}',
        "app_secret='s3cret'",
        "partner_key=shpk-1",
        f"call {MOBILE}",
        f"call {PHONE}",
        "call 090-1234-5678",
        "call +86 138-0013-8000",
        "tel:(02) 1234 56789",
    ],
)
def test_what_must_go_goes(text: str) -> None:
    hidden = redact_text(text)

    assert "***" in hidden
    for canary in (SIGN, BASE64, TOKEN, "s3cret", "shpk-1", MOBILE, PHONE, "1234-5678", "0013", "1234 5"):
        assert canary not in hidden


def test_the_request_id_a_platform_asks_for_stays_and_a_sentence_in_its_place_does_not() -> None:
    assert redact({"request_id": TOKEN}) == {"request_id": TOKEN}
    assert TOKEN not in str(redact({"request_id": f"see {URL}"}))


def test_structures_keep_their_shape_and_depth_ends() -> None:
    assert redact({"a": [1, 2.5, None, True], "b": {"c": "d"}}) == {"a": [1, 2.5, None, True], "b": {"c": "d"}}
    deep: object = TOKEN
    for _ in range(50):
        deep = [deep]
    assert TOKEN not in str(redact(deep))
