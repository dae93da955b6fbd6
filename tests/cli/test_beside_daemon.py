"""Commands beside a gateway that serves: the same results, the same exit codes, nothing half done."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer

from gateway.operations.remote.use_cases import USE_CASES

pytestmark = pytest.mark.slow  # real gateways beside each other

GATEWAY = [sys.executable, "-c", "from gateway.bootstrap import main; main()"]
LIMIT = 60.0  # seconds a machine with other work may need
SG = "shopee-301000101"
QUIET = "listen: 127.0.0.1:0\nsync:\n  every: 1h\n"

READING = {
    "alerts", "appeals list", "approvals list", "approvals show", "apps list", "automations acts", "automations check",
    "automations list", "backup", "buyers list",
    "cases list", "cases show", "closes list", "contact draft", "contact show", "decide",
    "doctor", "events list",
    "events show", "evidence get", "evidence list", "evidence pack", "evidence sheet", "evidence verify",
    "facts list", "gaps", "health", "notices list", "notices show", "orders export", "orders list", "orders show",
    "platforms", "points list", "purchases list", "quarantine list", "quota", "reasons", "rules at", "rules diff",
    "rules list", "rules replay", "rules show", "stock list", "stores list", "suspects list", "tasks list",
    "tasks show", "today", "version",
}  # fmt: skip
# asked below for what is not there
UNKNOWN = {"approvals show", "cases show", "events show", "evidence get", "notices show", "tasks show"}
APART = {  # never beside a gateway, or needing none
    "init", "serve", "demo", "restore", "db upgrade", "db move", "db keep", "message check", "message write",
    "new-platform",
}  # fmt: skip
ELSEWHERE = {"connect_with_state", "connected_by"}  # asked by `stores connect` while it waits: a test of its own below


ORDERS = {
    "first": ("awaiting_shipment", ""),
    "second": ("awaiting_shipment", ""),
    "parcel": ("awaiting_shipment", ""),
    "moving": ("in_transit", ""),
    "granted": ("awaiting_shipment", "buyer_requests_cancellation"),
    "rejected": ("awaiting_shipment", "buyer_requests_cancellation"),
    "back": ("delivered", "buyer_requests_return"),
}


@dataclass
class Shop:
    """One gateway, one simulator, and whether a process serves the gateway meanwhile."""

    gateway: Any
    shopee: Any
    receiver: str
    memory: dict[str, str] = field(default_factory=dict)

    def stock(self) -> None:
        """Let the orders of the day be placed, and their buyers ask for what they want."""
        for name, (phase, act) in ORDERS.items():
            order = str(self.shopee.do("/orders", {"store": "301000101", "phase": phase})["id"])
            self.memory[name] = order
            if act:
                self.shopee.do(f"/orders/{order}/acts", {"act": act})
        self.memory["return"] = self.shopee.read(f"/orders/{self.memory['back']}")["returns"][0]["return_sn"]

    def credentials(self) -> dict[str, Any]:
        return self.shopee.read("/credentials")

    def fault(self, operation: str, fault: str) -> None:
        self.shopee.do("/faults", [{"operation": operation, "fault": fault, "times": 1}])


Arguments = Callable[[Shop], Sequence[object]]


@dataclass(frozen=True)
class Row:
    """One command, how it must end, and what happens in the world right before."""

    command: str
    arguments: Arguments
    code: int
    before: Callable[[Shop], object] = lambda _: None
    env: Callable[[Shop], dict[str, str]] = lambda _: {}


def _given(*words: object) -> Arguments:
    return lambda _: words


def _app(*more: object) -> Arguments:
    return lambda shop: (
        "demo", "--platform", "shopee", "--key", shop.credentials()["partner_id"], "--secret-env", "APP_SECRET",
        "--base-url", shop.shopee.base_url, *more,
    )  # fmt: skip


def _secret(shop: Shop) -> dict[str, str]:
    return {"APP_SECRET": shop.credentials()["partner_key"]}


def _code(shop: Shop) -> Sequence[object]:
    told = shop.credentials()
    shop.memory.setdefault("code", told["auth_codes"][0])
    return ("--app", "demo", "--code", shop.memory["code"], "--main-account-id", told["main_account_id"])


def _on(name: str, *more: object) -> Arguments:
    return lambda shop: (shop.memory[name], *more)


def _end(name: str, *more: str) -> Arguments:
    return _on(name, "--reason", "out_of_stock", *more)


def _sheet(*lines: str) -> Arguments:
    def written(shop: Shop) -> Sequence[object]:
        file = shop.gateway.data.parent / "facts.csv"
        file.write_text("\n".join(("name,value,order", *lines)).format(**shop.memory) + "\n")
        return (file, "--store", SG)

    return written


def _file(content: bytes, *more: str) -> Arguments:
    def written(shop: Shop) -> Sequence[object]:
        file = shop.gateway.data.parent / "shot.png"
        file.write_bytes(content)
        return (shop.memory["back"], file, *more)

    return written


def _links(*lines: str) -> Arguments:
    def written(shop: Shop) -> Sequence[object]:
        file = shop.gateway.data.parent / "links.csv"
        file.write_text("\n".join(("sale,purchase", *lines)).format(**shop.memory) + "\n")
        return (file,)

    return written


def _stock(*lines: str) -> Arguments:
    def written(shop: Shop) -> Sequence[object]:
        file = shop.gateway.data.parent / "stock.csv"
        file.write_text("\n".join(("sku,quantity", *lines)) + "\n")
        return (file, "--store", SG)

    return written


def _task(subject: str, *more: object) -> Arguments:
    """Return the task about an article that its supplier has none of."""

    def listed(shop: Shop) -> Sequence[object]:
        tasks = [each["task"] for each in shop.gateway.done("tasks", "list", "--all")]
        shop.memory[f"task {subject}"] = next(each["id"] for each in tasks if each["subject"] == subject)
        return (shop.memory[f"task {subject}"], *more)

    return listed


def _notice(kind: str, *more: object) -> Arguments:
    """Return the first notice of a kind."""

    def listed(shop: Shop) -> Sequence[object]:
        told = [each["notice"] for each in shop.gateway.done("notices", "list", "--all")]
        first = min((each for each in told if each["kind"] == kind), key=lambda each: (each["at"], each["id"]))
        shop.memory[f"notice {kind}"] = first["id"]
        return (first["id"], *more)

    return listed


def _automate(shop: Shop) -> None:
    text = f"automations:\n  hush:\n    when: purchase_closed\n    stores: [{SG}]\n    do: tell\n"
    (shop.gateway.data / "automations.yaml").write_text(text)


def _tokens(shop: Shop) -> dict[str, str]:
    return {"ACCESS": "a" * 32, "REFRESH": "r" * 32}


# A day in the life of a shop. Each row runs twice: on a folder of its own, and beside a gateway that serves.
DAY = (
    Row("apps add", _app(), 0, env=_secret),
    Row("apps add", _app(), 2, env=_secret),
    Row("apps add", _app("--replace"), 0, env=_secret),
    Row("apps add", _given("x", "--platform", "nowhere", "--key", 1, "--secret-env", "S"), 4, env=lambda _: {"S": "x"}),
    Row("apps push", lambda shop: ("demo", "--url", shop.receiver), 0),
    Row("apps push", _given("nobody", "--url", "http://127.0.0.1:9/webhooks/shopee"), 1),
    Row("stores connect", _given("--app", "demo", "--wait", 0), 0),
    Row("stores connect", _given("--app", "nobody", "--wait", 0), 1),
    Row("stores connect", _code, 0),
    Row("stores connect", _code, 6),
    Row("stores check", _given(), 0),
    Row("sync", _given(), 0),
    Row("sync", _given("--now", "--store", SG), 0),
    Row("sync", _given("--again", "--store", SG), 0),
    Row("sync", _given("--since", "2026-01-01", "--store", SG), 0),
    Row("sync", _given("--since", "2100-01-01"), 2),
    Row("sync", _given("--store", "nowhere"), 1),
    Row("resolve", _end("first", "--dry-run"), 0),
    Row("resolve", _end("first", "--yes"), 1),  # the store is only observed
    Row("stores mode", _given(SG, "ask"), 0),
    Row("stores mode", _given("nowhere", "ask"), 1),
    Row("resolve", _end("first"), 3),
    Row("stores mode", _given(SG, "act"), 0),
    Row("stop-effects", _given("--store", SG), 0),
    Row("resolve", _end("first", "--yes"), 1),
    Row("stop-effects", _given("--store", SG, "--resume"), 0),
    Row("stop-effects", _given("--store", "nowhere"), 1),
    Row("resolve", _end("first", "--yes"), 0),
    Row("resolve", _end("first", "--yes"), 0),  # nothing is left to do
    Row("resolve", _given("nonsense", "--reason", "out_of_stock"), 1),
    Row("resolve", _end("second", "--yes"), 0, lambda shop: shop.fault("*cancel_order", "timeout_after")),
    Row("apps add", _app("--replace", "--base-url", "http://127.0.0.1:9"), 0, env=_secret),  # where nobody answers
    Row("resolve", _end("parcel", "--yes"), 5),
    Row("apps add", _app("--replace"), 0, env=_secret),
    Row("sync", _given(), 0),
    Row("ship", _on("parcel"), 3),
    Row("ship", _on("parcel", "--dropoff"), 0),
    Row("ship", _on("parcel", "--dropoff"), 1),
    Row("ship", _given("nonsense"), 1),
    Row("tracking set", _on("moving", "TN1"), 1),
    Row("accept", _on("granted"), 0),
    Row("accept", _on("granted"), 1),
    Row("reject", _on("rejected"), 3),
    Row("reject", _on("rejected", "--yes"), 0),
    Row("reject", _on("return"), 3),
    Row("evidence add", _file(b"\x89PNG\r\n\x1a\n the chat", "--kind", "chat"), 0),
    Row("evidence add", _file(b"MZ\x90\x00\x03\xff a program", "--kind", "chat"), 2),
    Row("evidence add", _on("back", "--kind", "order_detail"), 0),  # made by the gateway
    Row("evidence add", _on("back", "--kind", "parcel"), 2),  # which file?
    Row("evidence add", _given("nonsense", "--kind", "order_detail"), 1),
    Row("suspects clear", _on("first"), 1),
    Row("orders reveal", _on("first", "--field", "phone"), 1),
    Row("facts set", lambda shop: ("goods_cost", 40, "--order", shop.memory["back"]), 0),
    Row("facts set", lambda shop: ("goods_cost", "cheap", "--order", shop.memory["back"]), 2),
    Row("facts import", _sheet("return_shipping_cost,2.5,{back}", "stock_available,FALSE,{first}"), 0),
    Row("facts import", _sheet("return_shipping_cost,2.5,{back}", "score,high,"), 2),
    Row("contact sent", _on("moving", "--purpose", "explain"), 0),
    Row("contact sent", _on("moving", "--purpose", "final_notice"), 2),  # which close does it announce?
    Row("contact reply", _on("moving", "refuses"), 0),
    Row("contact reply", _on("moving", "none"), 0),
    Row("contact reply", _on("moving", "none"), 1),  # nothing stands
    Row("contact ticket", _on("moving", "T-1"), 0),
    Row("contact ticket", _given("nonsense", "T-1"), 1),
    Row("cases open", _end("moving"), 0),
    Row("cases open", _end("moving"), 0),  # the same one
    Row("cases open", _on("moving", "--reason", "price_error"), 1),
    Row("cases open", _given("nonsense", "--reason", "out_of_stock"), 1),
    Row("cases pause", _on("moving"), 0),
    Row("cases pause", _on("moving"), 1),
    Row("cases resume", _on("moving"), 0),
    Row("cases hand-over", _on("moving", "--because", "I call the courier"), 0),
    Row("cases stop", _on("moving"), 0),
    Row("cases stop", _on("moving"), 1),
    Row("points pull", _given("--store", SG), 0),
    Row("points add", lambda shop: ("taken", 2, "--order", shop.memory["back"]), 0),
    Row("points add", _given("taken", 2, "--store", SG), 2),  # for which order?
    Row("appeals open", _on("back", "--points", 2), 3),
    Row("appeals open", _on("back", "--points", 3, "--yes"), 2),  # more than it cost
    Row("appeals open", _on("back", "--points", 2, "--yes"), 0),
    Row("appeals open", _on("back", "--points", 2, "--yes"), 1),
    Row("appeals settle", _given("nonsense", "--won"), 1),
    Row("closes release", _on("back"), 1),  # nothing is held
    Row("purchases link", lambda shop: (shop.memory["back"], "1688-1"), 1),  # nobody here buys
    Row("purchases unlink", lambda shop: (shop.memory["back"], "1688-1"), 1),
    Row("purchases import", _links("{back},1688-1"), 2),
    Row("purchases discover", _given(), 0),
    Row("buyers mark", _on("back", "malicious"), 0),
    Row("buyers clear", _on("back", "malicious"), 0),
    Row("buyers clear", _given("nonsense", "malicious"), 1),
    Row("stock set", _given("CUP", 30, "--store", SG), 0),
    Row("stock set", _given("CUP", 0, "--store", SG, "--supplier", "b2b-1"), 0),
    Row("stock set", _given("CUP", 1, "--store", "nowhere"), 1),
    Row("stock import", _stock("CUP,7"), 0),
    Row("stock import", _stock("CUP,many"), 2),
    Row("stock set", _given("LID", 0, "--store", SG, "--supplier", "b2b-1"), 0),
    Row("tasks done", _task("CUP"), 0),
    Row("tasks done", _task("CUP"), 1),  # it is done
    Row("tasks done", _task("LID", "--ticket", "T-1"), 2),
    Row("tasks cancel", _task("LID"), 2),  # why?
    Row("tasks cancel", _task("LID", "--because", "sold out for good"), 0),
    Row("tasks cancel", _given("nonsense", "--because", "x"), 1),
    Row("notices settle", _notice("stock_low"), 0),
    Row("notices settle", _notice("stock_low"), 1),  # it is settled
    Row("notices settle", _given("nonsense"), 1),
    Row("notices send-again", _notice("stock_low"), 2),  # to whom?
    Row("notices send-again", _notice("stock_low", "--address", "nobody"), 1),
    Row("notices test", _given("nobody"), 1),
    Row("automations enable", _given("hush"), 1, _automate),  # it was not tried
    Row("automations dry-run", _given("hush", "--since", "2026-01-01"), 0),
    Row("automations dry-run", _given("nobody", "--since", "2026-01-01"), 1),
    Row("automations enable", _given("hush"), 0),
    Row("automations disable", _given("hush"), 0),
    Row("automations disable", _given("hush"), 1),
    Row("approvals yes", _given("nonsense"), 1),
    Row("approvals no", _given("nonsense"), 1),
    Row("stock read", _given("--store", SG), 0),  # no call there tells it
    Row("accept", _on("return", "--yes"), 1),
    Row("offer", _on("return", "refund", "--amount", "1.00", "--yes"), 0),
    Row("offer", _on("return", "nothing"), 2),
    Row("quarantine retry", _given(), 0),
    Row("quarantine retry", _given("--store", "nowhere"), 1),
    Row("events replay", _given("--failed"), 0),
    Row("events replay", _given(), 2),
    Row("events replay", _given(999), 1),
    Row("db reindex", _given("--all"), 0),
    Row(
        "sync",
        _given("--store", SG),
        6,
        lambda shop: shop.shopee.do("/acts", {"act": "seller_revokes_authorization", "store": 301000101}),
    ),
    Row("stores check", _given(), 6),
    Row(
        "stores add",
        _given("--app", "demo", "--shop-id", 77, "--name", "far", "--region", "SG", "--access-token-env", "ACCESS",
               "--refresh-token-env", "REFRESH"),
        0,
        env=_tokens,
    ),
    Row("stores add", _given("--app", "demo", "--shop-id", 78, "--access-token-env", "ACCESS", "--expires-in", 60), 2,
        env=_tokens),
    Row("orders erase", _on("parcel", "--yes"), 1),  # it has not ended
    Row("orders erase", _on("granted"), 3),
    Row("orders erase", _on("granted", "--yes", "--because", "the buyer asked for it"), 0),
    Row("orders erase", _on("granted", "--yes"), 0),  # once is enough
    Row("orders erase", _given("nonsense", "--yes"), 1),
    Row("stop-effects", _given(), 0),
)  # fmt: skip


def _until(true: Callable[[], Any]) -> Any:
    """Return what ``true`` gives as soon as it is truthy."""
    ends = time.monotonic() + LIMIT
    while not (found := true()):
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.02)
    return found


@dataclass
class Daemon:
    """A gateway that serves, in a process of its own."""

    process: subprocess.Popen[str]
    ready: dict[str, Any]
    log: Path

    def asked(self) -> list[str]:
        """Return what it was asked so far, by name, in order."""
        return re.findall(r"remote\.asked .*ask=(\w+)", self.log.read_text())

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(LIMIT)


@contextmanager
def _serving(data: Path, *arguments: str) -> Iterator[Daemon]:
    log = data.parent / f"{data.name}.log"
    with log.open("w") as written:
        process = subprocess.Popen(
            [*GATEWAY, "--data", str(data), "--json", "--log-level", "info", "serve", *arguments],
            stdout=subprocess.PIPE,
            stderr=written,
            text=True,
        )
        try:
            told = process.stdout.readline()
            assert told, log.read_text()
            yield Daemon(process, json.loads(told), log)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.communicate()


@pytest.fixture
def receiver() -> Iterator[str]:
    """Answer whatever a platform pushes."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/webhooks/shopee"
    server.shutdown()
    thread.join()
    server.server_close()


def _live(shop: Shop) -> list[tuple[str, int, Any]]:
    """Run the day and return how each command ended."""
    told = []
    for row in DAY:
        row.before(shop)
        arguments = row.arguments(shop)
        ended = shop.gateway(*row.command.split(), *arguments, "--json", env=row.env(shop))
        told.append((f"{row.command} {' '.join(map(str, arguments))}", ended.code, _steady(shop, ended)))
    return told


_CHANGING = (
    (r"\b[0-9a-f]{32}\b", "ID"),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|\+00:00)?( UTC)?", "TIME"),
    (r"127\.0\.0\.1:\d+", "HOST"),
    (r"\b[0-9a-f]{64}\b", "DIGEST"),
    (r"(timestamp|sign|state)(=|%3D)[\w-]+", r"\1=..."),
    (r'"(seen|changed|size)": \d+', r'"\1": 0'),
    (r'"(id|intent|decision|key|state|reference|digest|path)": "[^"{}]{16,}"', r'"\1": "..."'),
)


def _steady(shop: Shop, ended: Any) -> Any:
    """Return what a command printed, without what differs from run to run by its nature."""
    printed = ended.out
    for name, order in shop.memory.items():
        printed = printed.replace(order, name)
    for pattern, word in _CHANGING:
        printed = re.sub(pattern, word, printed)
    return json.loads(printed)


def _audit(shop: Shop) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(shop.gateway.data / "gateway.db")) as connection:
        return connection.execute("select who, what, store from audit order by seq").fetchall()


@pytest.mark.timeout(900)  # far more than a hundred commands
def test_every_writing_command_does_the_same_alone_and_beside_a_gateway(
    gateway, start_shopee, receiver, tmp_path
) -> None:
    alone = Shop(type(gateway)(tmp_path / "alone"), start_shopee(), receiver)
    beside = Shop(type(gateway)(tmp_path / "beside"), start_shopee(), receiver)
    for shop in (alone, beside):
        shop.stock()
        shop.gateway.done("init")
        (shop.gateway.data / "gateway.yaml").write_text(QUIET)
    by_itself = _live(alone)
    with _serving(beside.gateway.data, "--role", "web") as daemon:
        with_daemon = _live(beside)
        asked = daemon.asked()
        assert daemon.end() == 0
        log = daemon.log.read_text()
    for ours, other, row in zip(by_itself, with_daemon, DAY, strict=True):
        assert ours[1:] == other[1:], ours[0]
        assert ours[1] == row.code, ours
    assert len(asked) == sum(row.command != "stop-effects" for row in DAY), "the brake asks nobody"
    assert set(asked) == set(USE_CASES) - ELSEWHERE - {"stop_effects"}
    assert _audit(alone) == _audit(beside)
    for shop in (alone, beside):
        assert [each["operation"] for each in shop.shopee.effects()] == [
            "push/set_app_push_config", "order/cancel_order", "order/cancel_order", "logistics/ship_order",
            "order/handle_buyer_cancellation", "order/handle_buyer_cancellation", "returns/offer",
        ]  # fmt: skip
    for secret in (beside.credentials()["partner_key"], *_tokens(beside).values()):
        assert secret not in log
    assert "Traceback" not in log


def test_every_command_is_in_the_table_or_known_not_to_write(gateway) -> None:
    def names(command: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
        for name, each in getattr(command, "commands", {}).items():
            yield from names(each, (*path, name))
        if not hasattr(command, "commands"):
            yield " ".join(path)

    assert set(names(typer.main.get_command(gateway.app))) == READING | APART | {row.command for row in DAY}


def _order(gateway, shopee) -> str:
    """Return an order that waits for shipment and has been read."""
    order = str(shopee.do("/orders", {"store": "301000101", "phase": "awaiting_shipment"})["id"])
    gateway.done("resolve", order, "--store", SG, "--reason", "out_of_stock", "--dry-run")
    return order


@pytest.fixture
def served(pulled) -> Iterator[tuple[Any, Daemon]]:
    """Return a gateway with orders, and the process that serves it without pulling by itself."""
    (pulled.data / "gateway.yaml").write_text(QUIET)
    with _serving(pulled.data, "--role", "web") as daemon:
        yield pulled, daemon


def test_reading_commands_work_while_it_serves_and_ask_nobody(served, tmp_path) -> None:
    gateway, daemon = served
    order = gateway.done("orders", "list", "--store", SG)["orders"][0]["order_id"]
    reading = {
        "alerts": [],
        "appeals list": [],
        "approvals list": [],
        "approvals show": ["nonsense"],
        "cases list": [],
        "cases show": ["nonsense"],
        "closes list": [],
        "contact draft": [order, "--store", SG, "--reason", "out_of_stock", "--purpose", "explain"],
        "contact show": [order, "--store", SG],
        "health": [],
        "points list": [],
        "quota": [],
        "apps list": [],
        "automations acts": [],
        "automations check": [],
        "automations list": [],
        "backup": [tmp_path / "kept.tar"],
        "decide": ["--order", order, "--store", SG, "--reason", "out_of_stock"],
        "doctor": [],
        "events list": [],
        "events show": [1],
        "evidence get": [1, "--out", tmp_path / "kept.png"],
        "evidence list": [],
        "evidence pack": [order, "--store", SG, "--out", tmp_path / "pack.zip"],
        "evidence sheet": [order, "--store", SG, "--out", tmp_path / "sheet.html"],
        "evidence verify": ["--all"],
        "facts list": [],
        "gaps": [],
        "notices list": [],
        "notices show": ["nonsense"],
        "orders export": [tmp_path / "orders.csv", "--format", "csv"],
        "orders list": [],
        "orders show": [order, "--store", SG],
        "platforms": [],
        "purchases list": [],
        "stock list": [],
        "buyers list": [],
        "reasons": [],
        "quarantine list": [],
        "rules at": ["2026-01-01"],
        "rules diff": ["2025-01-01", "2026-01-01"],
        "rules list": [],
        "rules replay": [],
        "rules show": ["SHP-16"],
        "stores list": [],
        "suspects list": [],
        "tasks list": [],
        "tasks show": ["nonsense"],
        "today": [],
        "version": [],
    }
    assert set(reading) == READING
    for command, arguments in reading.items():
        ended = gateway(*command.split(), *arguments)
        assert ended.code == (1 if command in UNKNOWN else 0), (command, ended)
    assert (tmp_path / "kept.tar").stat().st_size > 0
    assert daemon.asked() == []


def test_a_backup_is_refused_to_be_restored_over_a_gateway_that_serves(served, tmp_path) -> None:
    gateway, daemon = served
    gateway.done("backup", tmp_path / "kept.tar")
    refused = gateway("restore", tmp_path / "kept.tar", "--replace")
    assert refused.code == 4
    assert f"pid {daemon.process.pid}" in refused.err
    assert "Stop that process first" in refused.err
    assert daemon.end() == 0
    assert gateway("restore", tmp_path / "kept.tar", "--replace").code == 0


def test_two_commands_at_once_are_both_answered(served) -> None:
    gateway, daemon = served
    commands = [["stores", "mode", SG, "ask"], ["sync", "--now"], ["stores", "check"]]
    with ThreadPoolExecutor(len(commands)) as threads:
        ended = list(threads.map(lambda each: _run(gateway, *each), commands))
    assert [each.returncode for each in ended] == [0, 0, 0], ended
    assert sorted(daemon.asked()) == ["check_stores", "set_store_mode", "sync_now"]


def _run(gateway, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [*GATEWAY, "--data", str(gateway.data), "--json", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT)


@contextmanager
def _slow_platform(gateway, shopee) -> Iterator[tuple[threading.Event, threading.Event]]:
    """Put a host in front of the simulator that holds every call until it is told to go on: (called, go on)."""
    called, go_on = threading.Event(), threading.Event()
    onward = httpx.Client(trust_env=False, timeout=LIMIT, base_url=shopee.base_url)

    class Hold(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._pass()

        def do_POST(self) -> None:
            self._pass()

        def _pass(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            called.set()
            go_on.wait(LIMIT)
            kept = {name: value for name, value in self.headers.items() if name.lower() not in {"host", "connection"}}
            answer = onward.request(self.command, self.path, content=body, headers=kept)
            self.send_response(answer.status_code)
            self.send_header("Content-Type", answer.headers["content-type"])
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Hold)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    told = shopee.read("/credentials")
    gateway.done(
        "apps", "add", "demo", "--platform", "shopee", "--key", told["partner_id"], "--replace", "--secret-env", "S",
        "--base-url", f"http://127.0.0.1:{server.server_port}", env={"S": told["partner_key"]},
    )  # fmt: skip
    try:
        yield called, go_on
    finally:
        go_on.set()
        server.shutdown()
        thread.join()
        server.server_close()
        onward.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_what_was_begun_is_finished_though_the_command_was_stopped(served, shopee, number) -> None:
    gateway, daemon = served
    order = _order(gateway, shopee)
    gateway.done("stores", "mode", SG, "act")
    with _slow_platform(gateway, shopee) as (called, go_on):
        command = subprocess.Popen(
            [*GATEWAY, "--data", str(gateway.data), "resolve", order, "--reason", "out_of_stock", "--yes"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert called.wait(LIMIT)
        command.send_signal(number)
        _, err = command.communicate(timeout=LIMIT)
        assert shopee.effects() == []
        go_on.set()
        _until(lambda: [each["order_id"] for each in shopee.effects()] == [order])
        _until(lambda: gateway.done("orders", "show", order)["effects"][0]["state"] == "confirmed")
    if number == signal.SIGINT:
        assert command.returncode == 130
        assert "finishes it. `gateway orders show ORDER`" in err
    assert daemon.asked()[-1] == "resolve"
    assert daemon.process.poll() is None


def test_a_gateway_killed_in_the_middle_leaves_a_clear_word_and_no_harm(served, shopee) -> None:
    gateway, daemon = served
    order = _order(gateway, shopee)
    gateway.done("stores", "mode", SG, "act")
    with _slow_platform(gateway, shopee) as (called, go_on):
        with ThreadPoolExecutor(1) as thread:
            asked = thread.submit(_run, gateway, "resolve", order, "--reason", "out_of_stock", "--yes")
            assert called.wait(LIMIT)
            daemon.end(signal.SIGKILL)
            ended = asked.result(LIMIT)
        assert ended.returncode == 5
        told = json.loads(ended.stdout)["error"]
        assert told["kind"] == "OutcomeUnknown"
        assert "in the middle of resolve" in told["message"]
        assert "gateway orders show ORDER" in told["message"]
        go_on.set()
        # its socket is still there, and nobody behind it: the next command does the thing itself
        assert (gateway.data / "gateway.sock").exists()
        assert gateway.done("orders", "show", order)
        assert gateway("resolve", order, "--reason", "out_of_stock", "--yes").code == 0
    assert [each["order_id"] for each in shopee.effects()] == [order]


def test_a_gateway_that_stops_finishes_what_it_has_begun(served, shopee) -> None:
    gateway, daemon = served
    with _slow_platform(gateway, shopee) as (called, go_on), ThreadPoolExecutor(1) as thread:
        asked = thread.submit(_run, gateway, "sync", "--now", "--store", SG)
        assert called.wait(LIMIT)
        daemon.process.send_signal(signal.SIGTERM)
        _until(lambda: "remote.finishing" in daemon.log.read_text())
        go_on.set()
        ended = asked.result(LIMIT)
        assert daemon.process.wait(LIMIT) == 0
    assert ended.returncode == 0, ended
    assert json.loads(ended.stdout)[0]["report"]["seen"] > 0
    assert not (gateway.data / "gateway.sock").exists()


def test_a_gateway_that_hangs_is_told(served, monkeypatch) -> None:
    """A process that is stopped holds the lock and its socket takes nobody's request."""
    gateway, daemon = served
    monkeypatch.setattr("gateway.operations.remote.asking.PATIENCE", 0.1)
    monkeypatch.setattr("gateway.operations.remote.asking.HURRY", 0.5)
    os.kill(daemon.process.pid, signal.SIGSTOP)
    ended = gateway("stores", "mode", SG, "ask")
    assert ended.code == 4
    assert f"pid {daemon.process.pid}" in ended.err
    assert "hangs" in ended.err
    assert gateway.done("stop-effects") == {"everywhere": True, "stores": []}, "the brake works all the same"


def test_sync_now_beside_running_loops_pulls_at_once_and_reports(connected, shopee) -> None:
    (connected.data / "gateway.yaml").write_text(QUIET)
    with _serving(connected.data) as daemon:
        assert "sync" in daemon.ready["roles"]
        mine = {each["id"] for each in shopee.orders()}
        _until(lambda: mine == {each["order_id"] for each in connected.done("orders", "list", "--limit", 99)["orders"]})
        new = shopee.do("/orders", {"store": "301000101", "phase": "awaiting_shipment"})["id"]
        told = connected.done("sync", "--now", "--store", SG)
        assert [(each["store"], each["kind"]) for each in told] == [(SG, "")]
        assert told[0]["report"]["seen"] > 0
        assert new in {each["order_id"] for each in connected.done("orders", "list", "--limit", 99)["orders"]}
        assert daemon.end() == 0


@pytest.mark.parametrize("same", [False, True], ids=["its own address", "the gateway's address"])
def test_connect_waits_for_the_browser_whoever_is_called(registered, free_port, same) -> None:
    (registered.data / "gateway.yaml").write_text(f"listen: 127.0.0.1:{free_port if same else 0}\n")
    with _serving(registered.data, "--role", "web") as daemon:
        process = subprocess.Popen(
            [*GATEWAY, "--data", str(registered.data), "stores", "connect", "--app", "demo", "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            lines = iter(process.stderr.readline, "")
            link = next(line for line in lines if line.startswith("http")).strip()
            with httpx.Client(trust_env=False, timeout=30) as browser:
                page = browser.post(link, data={"who": "main"})
                assert browser.get(page.headers["location"]).status_code == 200
            told, _ = process.communicate(timeout=LIMIT)
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate()
        assert daemon.asked() == ["connect_link", "connected_by" if same else "connect_with_state"]
    assert process.returncode == 0
    connected = json.loads(told)
    assert [each["store"]["id"] for each in connected] == [
        "shopee-301000101", "shopee-301000202", "shopee-301000303", "shopee-301000404", "shopee-301000505",
    ]  # fmt: skip
    assert all(each["new"] for each in connected)
