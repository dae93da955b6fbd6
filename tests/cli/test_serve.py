"""``gateway serve`` as a process: it starts, receives a seller's callback, pulls, and ends cleanly."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

pytestmark = pytest.mark.slow  # whole gateways, command by command

GATEWAY = [sys.executable, "-c", "from gateway.bootstrap import main; main()"]
LIMIT = 60.0  # seconds a machine with other work may need


def _until(true: Callable[[], Any]) -> Any:
    """Return what ``true`` gives as soon as it is truthy."""
    ends = time.monotonic() + LIMIT
    while not (found := true()):
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.05)
    return found


@contextmanager
def _serving(gateway) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    process = subprocess.Popen(
        [*GATEWAY, "--data", str(gateway.data), "serve", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        told = process.stdout.readline()
        assert told, process.stderr.read()
        yield process, json.loads(told)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def test_a_seller_connects_while_it_serves_and_it_ends_on_sigterm(registered, shopee) -> None:
    (registered.data / "gateway.yaml").write_text("listen: 127.0.0.1:0\nsync:\n  every: 1s\n")
    with _serving(registered) as (process, ready), httpx.Client(trust_env=False, timeout=30) as browser:
        address = ready["address"]
        assert ready["roles"] == ["sync", "worker", "api", "receiver"]
        assert ready["stores"] == []
        assert browser.get(f"{address}/healthz").json() == {"status": "ok"}

        refused = registered("serve")
        assert refused.code == 4
        assert f"pid {process.pid}" in refused.err

        callback = f"{address}/oauth/shopee/callback"
        link = registered.done("stores", "connect", "--app", "demo", "--wait", "0", "--redirect-url", callback)["url"]
        page = browser.post(link, data={"who": "301000101"})
        assert page.status_code == 302
        done = browser.get(page.headers["location"])
        assert done.status_code == 200
        assert "shopee-301000101" in done.text
        again = browser.get(page.headers["location"])
        assert again.status_code == 400
        assert "stores connect" in again.text
        assert browser.get(f"{address}/oauth/nowhere/callback").status_code == 404

        mine = {each["id"] for each in shopee.orders(store="301000101")}
        _until(
            lambda: mine == {each["order_id"] for each in registered.done("orders", "list", "--limit", "99")["orders"]}
        )
        assert registered.done("stores", "mode", "shopee-301000101", "ask")["mode"] == "ask"
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=LIMIT)
        assert process.returncode == 0
        code = dict(part.split("=") for part in urlsplit(page.headers["location"]).query.split("&"))["code"]
        assert code not in log
        assert "Traceback" not in log
    assert registered("sync").code == 0


def test_connect_waits_for_the_browser_by_itself(registered, shopee) -> None:
    (registered.data / "gateway.yaml").write_text("listen: 127.0.0.1:0\n")
    process = subprocess.Popen(
        [
            *GATEWAY, "--data", str(registered.data),
            "stores", "connect", "--app", "demo", "--json",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    try:
        link = _until(lambda: next((line for line in iter(process.stderr.readline, "") if line.startswith("http")), ""))
        with httpx.Client(trust_env=False, timeout=30) as browser:
            page = browser.post(link.strip(), data={"who": "main"})
            assert browser.get(page.headers["location"]).status_code == 200
        told, _ = process.communicate(timeout=LIMIT)
        assert process.returncode == 0
        assert len(json.loads(told)) == 5
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def test_with_the_address_taken_the_callback_is_left_to_who_has_it(registered, free_port) -> None:
    (registered.data / "gateway.yaml").write_text(f"listen: 127.0.0.1:{free_port}\n")
    with socket.create_server(("127.0.0.1", free_port)):
        told = registered.done("stores", "connect", "--app", "demo")
        assert told["redirect_url"] == f"http://127.0.0.1:{free_port}/oauth/shopee/callback"
        assert told["url"]
        ended = registered("serve")
        assert ended.code == 4
        assert str(free_port) in ended.err
        assert "gateway.yaml" in ended.err


def test_nobody_came(registered) -> None:
    (registered.data / "gateway.yaml").write_text("listen: 127.0.0.1:0\n")
    ended = registered("stores", "connect", "--app", "demo", "--wait", "1")
    assert ended.code == 5
    assert "No callback arrived" in ended.err
    assert "--code" in ended.err


def test_an_address_that_cannot_be_had_is_told(registered) -> None:
    (registered.data / "gateway.yaml").write_text("listen: somewhere\n")
    ended = registered("serve")
    assert ended.code == 4
    assert "host:port" in ended.err
