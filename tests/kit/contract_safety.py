"""Check 11: no secret, phone or address in logs, errors or fixtures."""

from __future__ import annotations

import io
import json
import logging
import re
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import structlog

from gateway.errors import GatewayError
from gateway.ports import Call, Window
from gateway.transport.json import decode
from gateway.transport.redaction import configure_logging
from tests.kit.contract_bench import Shop
from tests.kit.contract_case import Case

BUYER = {
    "name": "Canary Xanthippe",
    "phone": "+6591237654",
    "city": "Canary Springs",
    "street": "88 Canary Boulevard",
    "zipcode": "918273",
}

_PHONE_NAMES = re.compile(r"phone|mobile|^tel", re.IGNORECASE)
_PLACE_NAMES = re.compile(r"^(full_?)?address$|street", re.IGNORECASE)
_SECRET_NAMES = re.compile(r"token|secret|sign|partner_key|password|authorization", re.IGNORECASE)
_LONG_SECRET = re.compile(r"(?<![0-9a-zA-Z])[0-9a-f]{32,}(?![0-9a-zA-Z])")
_MAIL = re.compile(r"[\w.+-]+@([\w-]+\.)+\w+")


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Log as production does, everything from `debug` on, into a text."""
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level = list(root.handlers), root.level
    levels = {name: logging.getLogger(name).level for name in ("httpx", "httpcore", "aiohttp", "asyncio")}
    configure_logging("debug", stream=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, was in levels.items():
        logging.getLogger(name).setLevel(was)
    structlog.reset_defaults()


def told(error: BaseException) -> str:
    """Return everything an error may show: text, representation, fields, and the traceback with all its contexts."""
    parts = [str(error), repr(error), repr(vars(error)), *traceback.format_exception(error)]
    return "\n".join(parts)


def _leaves(tree: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from _leaves(value, str(key))
    elif isinstance(tree, list):
        for value in tree:
            yield from _leaves(value, name)
    else:
        yield name, str(tree)


def unsafe(tree: Any) -> list[str]:
    """Return what of a fixture may be a real person's or a real secret, by field."""
    found = []
    for name, text in _leaves(tree):
        digits = re.sub(r"\D", "", text)
        if _PHONE_NAMES.search(name) and "*" not in text and digits and "5550" not in digits:
            found.append(f"{name}: a phone that is neither masked nor of the invented range 555-01xx")
        if _PLACE_NAMES.search(name) and text and "*" not in text and "Example" not in text:
            found.append(f"{name}: an address without the word Example")
        instant = name.endswith("ExpiresAt") and text.isdigit()
        if _SECRET_NAMES.search(name) and len(text) > 12 and "example" not in text.lower() and not instant:
            found.append(f"{name}: a secret that does not call itself an example")
        if _LONG_SECRET.search(text):
            found.append(f"{name}: long hexadecimal text")
        found += [f"{name}: a mail address" for mail in _MAIL.finditer(text) if "example." not in mail[0]]
    return found


class Check11Scrub:
    """Nothing that opens a shop or finds a person leaves by a log line, an error or a fixture."""

    case: Case

    async def test_check_11_logs_and_errors_hold_no_canary(self, simulated: Shop, log: io.StringIO) -> None:
        adapter, errors = self.case.adapter, []
        order_id = await simulated.make(buyer=BUYER)
        act = await self.case.writes[0].prepare(simulated)
        old = simulated.kept[simulated.store.id]
        end = simulated.clock.now()
        faults = ("html_body", "truncated_json", "http_500", "http_429", "reset", "timeout_before", "platform_error")
        for fault in faults:
            more = {"code": "never.heard_of", "message": f"call {BUYER['phone']}, access_token={old.access_token}"}
            await simulated.fault("*", fault, ms=10, **(more if fault == "platform_error" else {}))
            for attempt in (
                lambda: adapter.fetch_orders(simulated.channel, [order_id]),
                lambda: adapter.list_orders(simulated.channel, Window(end, end), None),
                lambda: adapter.perform(simulated.channel, act),
            ):
                try:
                    await attempt()
                except GatewayError as error:
                    errors.append(error)
                else:
                    raise AssertionError(f"{fault} was outlived; it was to fail")
                await simulated.later("PT3S")  # who said "too many" is given the rest it asked for
            assert simulated.control is not None
            assert (await simulated.control.delete("/faults")).status_code == 200
        await simulated.do(self.case.simulator.expire_access)
        assert (await simulated.order(order_id)).recipient is not None
        assert len(errors) == 3 * len(faults)
        said = log.getvalue() + "".join(told(error) for error in errors)
        assert "call failed" in said
        fresh = simulated.kept[simulated.store.id]
        secrets = [simulated.connected.secret.sign_key, simulated.connected.secret.push_key]
        secrets += [old.access_token, old.refresh_token, fresh.access_token, fresh.refresh_token]
        for canary in (*(secret for secret in secrets if secret), *BUYER.values(), "6591237654", "9123 7654"):
            assert canary not in said
        assert not re.search(r"(access_token|sign)=[0-9a-f]", said)

    def test_check_11_what_the_platform_says_is_redacted(self) -> None:
        call = Call(operation="any.read", method="GET", path="/x")
        message = "phone +65 9123 7654, access_token=59777174636562737266615546704c6d"
        for code in ("never.heard_of", "error_param"):
            error = self.case.adapter.classify(call, self.case.wire.error(code, message))
            assert error is not None
            assert "7654" not in told(error)
            assert "59777174" not in told(error)

    def test_check_11_fixtures_are_nobodys(self, fixture_file: Path) -> None:
        assert unsafe(decode(fixture_file.read_bytes())) == []

    def test_check_11_the_scan_of_fixtures_finds_what_it_should(self) -> None:
        planted = {
            "phone": "+65 9123 7654",
            "full_address": "1 Orchard Road",
            "access_token": "59777174636562737266615546704c6d",
            "note": "write to somebody@mail.test",
        }
        assert len(unsafe(json.loads(json.dumps([planted])))) == 5
        safe = {"phone": "******10", "full_address": "1 Example Road", "note": "a@example.com", "mobile": "555-0155"}
        assert unsafe(safe) == []
