"""Nothing that opens a shop or finds a person leaves by a log, an error or a command's output (G8).

Canaries are planted in every credential, name, phone, address, note and message of a simulated day; what the
platform itself tells is collected too. The demo plays the day, with faults, logging from `debug` on.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import io
import logging
import traceback
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from typer.testing import CliRunner

from gateway.bootstrap import running
from gateway.cli.app import build
from gateway.errors import GatewayError
from gateway.operations.context import Context
from gateway.operations.demo.run import DemoReport, run
from gateway.policy.terms import Reason
from gateway.storage import stores
from gateway.transport.redaction import configure_logging

BUYER = {
    "username": "canary_xanthippe",
    "name": "Xanthippe Canary 张丹丹",
    "phone": "+6591237654",
    "city": "Canaryville",
    "street": "88 Canary Boulevard 金丝雀路",
}
NOTE = "canary note: ring twice at the back door"
CHAT = "canary chat: my door code is 7391"
COMPLAINT = "canary complaint: it bit my aunt Petronella"
PLANTED = (*BUYER.values(), "91237654", "9123 7654", NOTE, CHAT, COMPLAINT)
CONNECTED = {"SG", "VN"}  # the demo's shops of Shopee; the others' tokens run out over the day
OUTLIVED = [  # on the way of the day's first readings; the gateway repeats them
    {"operation": "order/get_order_list", "fault": "truncated_json", "times": 1},
    {"operation": "order/get_order_detail", "fault": "html_body", "times": 1},
    {"operation": "returns/get_return_list", "fault": "http_500", "times": 1},
    {"operation": "order/get_package_detail", "fault": "reset", "times": 1},
    {"operation": "order/get_order_detail", "fault": "timeout_after", "times": 1, "ms": 10},
]


@dataclass
class Shadow:
    """Follows the day from the simulator's side and gathers what must stay inside."""

    control_url: str = ""
    others: dict[str, str] = field(default_factory=dict)  # the control URLs of the other platforms
    canaries: set[str] = field(default_factory=set)
    order_id: str = ""  # an order of the planted buyer

    def read(self, path: str) -> Any:
        return httpx.get(self.control_url + path, trust_env=False, timeout=30).raise_for_status().json()

    def do(self, path: str, body: Any) -> Any:
        answer = httpx.post(self.control_url + path, json=body, trust_env=False, timeout=30)
        return answer.raise_for_status().json()

    def clear_faults(self) -> None:
        httpx.delete(self.control_url + "/faults", trust_env=False, timeout=30).raise_for_status()

    def gather_credentials(self) -> None:
        """Note every secret that is in use now; tokens change over the day."""
        told = self.read("/credentials")
        self.canaries |= {told["partner_key"], told["push_partner_key"], *told["auth_codes"]}
        for store in told["stores"]:
            self.canaries |= {store["access_token"], store["refresh_token"]}
        for url in self.others.values():
            told = httpx.get(f"{url}/credentials", trust_env=False, timeout=30).raise_for_status().json()
            self.canaries |= {told["app_secret"], *told["auth_codes"]}
            for store in told["stores"]:
                self.canaries |= {store["access_token"], store["refresh_token"]}

    def gather_people(self) -> None:
        """Note what the platform tells of every buyer, read with a signature of the test's own."""
        told = self.read("/credentials")
        rows = self.read("/orders?limit=100000")
        for store in (each for each in told["stores"] if each["region"] in CONNECTED):
            mine = [row["id"] for row in rows if row["store"] == str(store["shop_id"])]
            for start in range(0, len(mine), 50):
                fields = "recipient_address,buyer_username,note,buyer_user_id"
                query = {"order_sn_list": ",".join(mine[start : start + 50]), "response_optional_fields": fields}
                answer = self.call(told, store, "order/get_order_detail", query)
                for order in answer["response"]["order_list"]:
                    person = order["recipient_address"]
                    texts = [person["name"], person["phone"], person["full_address"], order["buyer_username"]]
                    texts += [order["note"], order["message_to_seller"]]
                    self.canaries |= {text for text in texts if text and "*" not in text and len(text) > 4}

    def call(self, told: Any, store: Any, name: str, query: Any = None, body: Any = None) -> Any:
        """Call the platform as its fact sheet says (sections 1 and 2)."""
        path, partner = f"/api/v2/{name}", str(told["partner_id"])
        stamp = str(self.read("/clock")["unix"])
        base = partner + path + stamp + store["access_token"] + str(store["shop_id"])
        sign = hmac.new(told["partner_key"].encode(), base.encode(), hashlib.sha256).hexdigest()
        common = {"partner_id": partner, "timestamp": stamp, "sign": sign, "access_token": store["access_token"]}
        common["shop_id"] = str(store["shop_id"])
        url = self.control_url.removesuffix("/_mock") + path
        method = "GET" if body is None else "POST"
        params = {**common, **(query or {})}
        answer = httpx.request(method, url, params=params, json=body, trust_env=False, timeout=30)
        content = answer.raise_for_status().json()
        assert content["error"] == "", content
        return content

    def plant(self) -> None:
        """Put the canaries where a person would have written them, and faults on the way."""
        told = self.read("/credentials")
        for store in (each for each in told["stores"] if each["region"] in CONNECTED):
            shop = int(store["shop_id"])
            order_id = self.do("/orders", {"store": shop, "buyer": BUYER})["id"]
            self.call(told, store, "order/set_note", body={"order_sn": order_id, "note": NOTE})
            self.do(f"/orders/{order_id}/acts", {"act": "buyer_replies", "text": CHAT})
            back = self.do("/orders", {"store": shop, "buyer": BUYER, "phase": "delivered"})["id"]
            wish = {"act": "buyer_requests_return", "reason": "PHYSICAL_DMG", "text": COMPLAINT}
            self.do(f"/orders/{back}/acts", wish)
            if store["region"] == "SG":
                self.order_id = order_id
        self.canaries |= set(PLANTED)
        self.do("/faults", OUTLIVED)

    def plant_elsewhere(self, platforms: dict[str, str]) -> None:
        """Put the same buyer on the platforms, given with their hosts, where nothing was planted yet."""
        for platform in platforms.keys() - self.others.keys() - {"shopee"}:
            self.others[platform] = url = f"{platforms[platform]}/_mock"
            told = httpx.get(f"{url}/credentials", trust_env=False, timeout=30).raise_for_status().json()
            shop = next(
                told["stores"][0][name] for name in ("shop_id", "seller_id", "member_id") if name in told["stores"][0]
            )
            for phase in ("awaiting_shipment", "delivered"):
                buyer = {name: BUYER[name] for name in ("name", "phone", "city", "street")}
                answer = httpx.post(
                    f"{url}/orders", json={"store": shop, "phase": phase, "buyer": buyer}, trust_env=False, timeout=30
                )
                answer.raise_for_status()


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Log as the command does with ``--log-level debug``, into a text."""
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level = list(root.handlers), root.level
    names = ("httpx", "httpcore", "aiohttp", "asyncio")
    levels = {name: logging.getLogger(name).level for name in names}
    configure_logging("debug", stream=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, was in levels.items():
        logging.getLogger(name).setLevel(was)
    structlog.reset_defaults()


@pytest.fixture
def errors(monkeypatch: pytest.MonkeyPatch) -> list[GatewayError]:
    """Gather every error of ours that is made, also those somebody handles."""
    made: list[GatewayError] = []
    plain = GatewayError.__init__

    def noted(self: GatewayError, *arguments: object) -> None:
        plain(self, *arguments)
        made.append(self)

    monkeypatch.setattr(GatewayError, "__init__", noted)
    return made


def told(error: BaseException) -> str:
    """Return all an error may show: text, representation, fields, its traceback and everything behind it."""
    return "\n".join([str(error), repr(error), repr(vars(error)), *traceback.format_exception(error)])


def leaks(text: str, canaries: set[str]) -> list[str]:
    """Return which canaries stand in a text, each with what stands before it."""
    found = []
    for canary in sorted(canaries):
        place = text.find(canary)
        if place >= 0:
            found.append(f"{canary!r} after {text[max(0, place - 120) : place]!r}")
    return found


async def ask(data: Path, *arguments: str) -> str:
    """Run a command as a person does, logging everything, and return all it wrote."""
    given = ["--data", str(data), *arguments, "--log-level", "debug"]
    # In a thread, for a command makes a loop of its own.
    ended = await asyncio.to_thread(CliRunner().invoke, build(running), given, env={"COLUMNS": "200"})
    assert ended.exit_code == 0, (arguments, ended.output[-1500:])
    return ended.stdout + ended.stderr


COMMANDS: list[tuple[str, ...]] = [
    ("orders", "list", "--limit", "1000"),
    ("orders", "list", "--limit", "1000", "--json"),
    ("orders", "show", "ORDER"),
    ("orders", "show", "ORDER", "--json"),
    ("resolve", "ORDER", "--reason", "out_of_stock", "--dry-run"),
    ("resolve", "ORDER", "--reason", "out_of_stock", "--dry-run", "--json"),
    ("apps", "list", "--json"),
    ("stores", "list", "--json"),
    ("stores", "check", "--json"),
    ("events", "list", "--json"),
    ("quarantine", "list", "--json"),
    ("doctor",),
    ("sync", "--json"),
]


@pytest.mark.slow  # a whole day at debug level
@pytest.mark.timeout(900)
async def test_day_with_faults_tells_no_secret_and_no_person(
    tmp_path: Path, log: io.StringIO, errors: list[GatewayError], capfd: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "demo"
    data.mkdir()
    shadow, said, outputs = Shadow(), [], {}

    @asynccontextmanager
    async def watched(path: Path, **options: Any) -> AsyncIterator[Context]:
        if not shadow.control_url:
            configuration = path / "gateway.yaml"
            written = configuration.read_text("utf-8")
            shadow.control_url = written.partition("clock: ")[2].partition("\n")[0]
            rest = written.partition("log:")[0]
            configuration.write_text(f"{rest}log:\n  level: debug\n  format: json\n", "utf-8")
            shadow.plant()
        shadow.gather_credentials()
        async with running(path, **options) as context:
            connected = await context.database.read(stores.apps)
            shadow.plant_elsewhere({app.platform: app.base_url for app in connected})
            yield context

    def say(sentence: str) -> None:
        said.append(sentence)
        shadow.gather_credentials()

    async def afterwards(report: DemoReport) -> None:
        shadow.gather_credentials()
        shadow.gather_people()
        for command in COMMANDS:
            outputs[command] = await ask(data, *(shadow.order_id if each == "ORDER" else each for each in command))
        outputs["personal",] = await ask(data, "orders", "show", shadow.order_id, "--personal")
        configure_logging("debug", stream=log)  # the commands sent it elsewhere
        async with running(data) as context:
            await _everything_fails(context, shadow)
        shadow.gather_credentials()

    report = await run(watched, data=data, count=60, say=say, afterwards=afterwards)

    assert report.comparison.differences == ()
    assert shadow.canaries >= set(PLANTED)
    assert len(shadow.canaries) > 100, "the day has many buyers and tokens"
    personal = outputs.pop(("personal",))
    assert BUYER["name"] in personal, "asked for, a person is shown: the search below can find what is there"
    assert NOTE in personal

    captured = capfd.readouterr()
    logged = log.getvalue() + captured.err
    assert "call failed" in logged
    assert '"level": "debug"' in captured.err, "the daemon logs from debug on"
    assert "error_never_heard_of" in log.getvalue()
    assert leaks(logged, shadow.canaries) == []
    assert leaks(captured.out + "\n".join(said) + repr(report), shadow.canaries) == []
    assert len({type(error) for error in errors}) >= 4, "errors of many kinds were made"
    for error in errors:
        assert leaks(told(error), shadow.canaries) == []
    for command, output in outputs.items():
        assert leaks(output, shadow.canaries) == [], command
        assert output.strip(), command
    _at_rest(data, shadow.canaries)


async def _everything_fails(context: Context, shadow: Shadow) -> None:
    """Let every reading and one effect fail in each way, the platform repeating personal data in its own words."""
    words = f"{BUYER['phone']} access_token={next(iter(shadow.read('/credentials')['stores']))['access_token']}"
    failing: list[dict[str, Any]] = [
        {"fault": "html_body", "operation": "order/cancel_order"},
        {"fault": "platform_error", "code": "error_never_heard_of", "message": f"no such luck, {words}"},
        {"fault": "platform_error", "code": "error_not_found", "message": f"not found: {words}"},
        {"fault": "platform_error", "code": "error_api_permission", "message": words},
        {"fault": "platform_error", "code": "order.error_limit", "message": words},
    ]
    store_id = next(store.id for store in await context.connections.stores() if store.region == "SG")
    for fault in failing:
        shadow.do("/faults", [{"operation": "*"} | fault])
        with contextlib.suppress(GatewayError):
            connection = await context.connections.open(store_id)
            await context.pull_for(connection).named([shadow.order_id])
        with contextlib.suppress(GatewayError):
            await context.resolver.resolve(store_id, shadow.order_id, Reason.out_of_stock, by="test", approved=True)
        shadow.clear_faults()


def _at_rest(data: Path, canaries: set[str]) -> None:
    """Secrets and persons lie encrypted on the disk."""
    files = [path for path in data.rglob("*") if path.is_file() and "key" not in path.suffix]
    assert any(path.name.startswith("gateway.db") for path in files)
    for path in files:
        held = path.read_bytes()
        assert [canary for canary in canaries if canary.encode() in held] == [], path.name
