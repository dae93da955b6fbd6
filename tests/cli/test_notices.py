"""``gateway notices`` and ``gateway automations`` as people use them, and a gateway that serves and tells."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from standardwebhooks import Webhook

GATEWAY = [sys.executable, "-c", "from gateway.bootstrap import main; main()"]
LIMIT = 60.0  # seconds a machine with other work may need
SG = "shopee-301000101"
SECRET = "whsec_" + base64.b64encode(b"a secret of an invented shop").decode()
NOTIFY = """\
listen: 127.0.0.1:0
sync: {every: 1h}
notify:
  language: zh
  addresses:
    - {name: team, url_from: TEAM_URL, secret_from: team.secret}
"""


class Team:
    """An address that keeps what it was sent."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        team = self

        class Take(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                team.got.append((dict(self.headers), body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Take)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks/secret-part"

    def messages(self) -> list[Any]:
        return [Webhook(SECRET).verify(body, headers) for headers, body in self.got]


@pytest.fixture
def team() -> Iterator[Team]:
    found = Team()
    yield found
    found.server.shutdown()
    found.thread.join()
    found.server.server_close()


@pytest.fixture
def told(pulled) -> Any:
    """A gateway in which stock has fallen below its line, and whose addresses are set."""
    (pulled.data / "gateway.yaml").write_text(NOTIFY)
    secret = pulled.data / "team.secret"
    secret.write_text(SECRET + "\n")
    secret.chmod(0o600)
    pulled.done("stock", "set", "CUP", 30, "--store", SG)
    pulled.done("stock", "set", "CUP", 3, "--store", SG)
    return pulled


def test_a_notice_is_listed_shown_and_settled(told) -> None:
    listed = told("notices", "list")
    assert listed.code == 0
    assert "库存不足：CUP" in listed.out
    (found,) = told.done("notices", "list", "--level", "warning")
    assert told.done("notices", "list", "--level", "urgent") == []
    shown = told("notices", "show", found["notice"]["id"][:8], "--lang", "en")
    assert "3 units are left, fewer than 20" in shown.out
    assert "It goes to no address." in shown.out
    settled = told("notices", "settle", found["notice"]["id"])
    assert settled.out.strip() == f"Notice {found['notice']['id']} is settled."
    assert told.done("notices", "list") == []
    assert len(told.done("notices", "list", "--all")) == 1


def test_an_address_is_tried_and_its_secrets_are_never_shown(told, team) -> None:
    tested = told("notices", "test", "team", env={"TEAM_URL": team.url})
    assert tested.out.strip() == "Address team took the test."
    (message,) = team.messages()
    assert message["data"]["title"] == "测试"
    unset = told("notices", "test", "team")
    assert unset.code == 4
    assert "TEAM_URL is not set" in unset.err
    (told.data / "team.secret").chmod(0o644)
    shown = told(
        "notices",
        "test",
        "team",
        env={"TEAM_URL": team.url},
    )
    assert shown.code == 4
    assert "chmod 600" in shown.err
    for ended in (tested, unset, shown):
        assert "secret-part" not in ended.out + ended.err
        assert SECRET not in ended.out + ended.err


@pytest.mark.slow
def test_a_gateway_that_serves_tells_and_sends_again(told, team, monkeypatch) -> None:
    monkeypatch.setenv("TEAM_URL", team.url)
    log = told.data / "log"
    with log.open("w") as written:
        process = subprocess.Popen(
            [*GATEWAY, "--data", str(told.data), "--json", "serve"], stdout=subprocess.PIPE, stderr=written, text=True
        )
        try:
            assert json.loads(process.stdout.readline())["roles"]
            _until(lambda: len(team.got) == 1)
            (found,) = told.done("notices", "list", "--level", "warning")
            way = _until(lambda: _sent(told, found["notice"]["id"]))
            assert (way["address"], way["attempts"], way["last_error"]) == ("team", 1, "")
            told.done("notices", "send-again", found["notice"]["id"])
            _until(lambda: len(team.got) == 2)
        finally:
            process.terminate()
            process.communicate(timeout=LIMIT)
    assert [each["data"]["id"] for each in team.messages()] == [found["notice"]["id"]] * 2
    assert "secret-part" not in log.read_text()


def test_automations_are_checked_tried_and_switched(told) -> None:
    assert "There is no automations.yaml" in told("automations", "list").out
    file = told.data / "automations.yaml"
    file.write_text(f"automations:\n  empty:\n    when: stock_zero\n    stores: [{SG}]\n    do: perhaps\n")
    wrong = told("automations", "check")
    assert wrong.code == 4
    assert "automations.yaml, line 5: empty.do: perhaps is none of" in wrong.err
    file.write_text(f"automations:\n  empty:\n    when: stock_zero\n    stores: [{SG}]\n    do: tell\n")
    assert told("automations", "check").out.strip() == "1 automations, all of them right."
    refused = told("automations", "enable", "empty")
    assert refused.code == 1
    assert "gateway automations dry-run empty --since DATE" in refused.err
    tried = told("automations", "dry-run", "--since", "2026-01-01")
    assert tried.code == 0
    assert "empty: nothing; 0 did not meet its conditions; expected cost nothing." in tried.out
    assert told("automations", "enable", "empty").out.strip() == "Automation empty is on."
    (listed,) = told.done("automations", "list")
    assert (listed["state"], listed["acted_today"], listed["automation"]["when"]) == ("on", 0, "stock_zero")
    assert told("automations", "disable", "empty").out.strip() == "Automation empty is off."
    assert told.done("automations", "acts") == []


def _sent(gateway: Any, notice: str) -> Any:
    ways = gateway.done("notices", "show", notice)["deliveries"]
    return next((each for each in ways if each["state"] == "sent"), None)


def _until(true: Any) -> Any:
    ends = time.monotonic() + LIMIT
    while not (found := true()):
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.05)
    return found
