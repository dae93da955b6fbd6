"""``gateway events`` and ``gateway apps push``, over what a real receiver took in."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json

import httpx
import pytest

from gateway.api.site import open_site
from gateway.bootstrap import running
from gateway.operations import receiving
from gateway.operations.serving import Pages

pytestmark = pytest.mark.slow  # whole gateways, command by command

NAME = "Aisyah"


async def _take(data, key: str, bodies: list[dict]) -> None:
    """Take pushes in and act on them, as a running gateway does."""
    async with running(data) as context, httpx.AsyncClient(trust_env=False, timeout=30) as client:
        processor = receiving.processor(context)
        pages = Pages(receiver=receiving.receiver(context, processor.wake))
        async with open_site(context, pages) as address:
            url = f"{address}/webhooks/shopee"
            for body in bodies:
                raw = json.dumps(body).encode()
                sign = hmac.new(key.encode(), url.encode() + b"|" + raw, hashlib.sha256).hexdigest()
                answer = await client.post(url, content=raw, headers={"Authorization": sign})
                assert (answer.status_code, answer.content) == (200, b"")
        await processor.drain()


@pytest.fixture
def pushed(connected, shopee):
    """Return the command over a gateway that took in one good, one unknown and one broken push."""
    (connected.data / "gateway.yaml").write_text("listen: 127.0.0.1:0\n")
    key = shopee.read("/credentials")["partner_key"]
    order = shopee.orders(status="READY_TO_SHIP")[0]
    good = {"ordersn": order["id"], "status": order["status"], "update_time": 1795305600}
    bodies = [
        {"code": 3, "shop_id": int(order["store"]), "timestamp": 1795305600, "data": good},
        {"code": 77, "shop_id": int(order["store"]), "timestamp": 1795305600, "data": {"name": NAME}},
        [NAME],
    ]
    asyncio.run(_take(connected.data, key, bodies))
    return connected


def test_the_list_tells_what_came_of_each_and_can_be_narrowed(pushed) -> None:
    listed = pushed.done("events", "list")
    assert [(each["kind"], each["state"]) for each in listed] == [("", "failed"), ("77", "ignored"), ("3", "processed")]
    assert [each["kind"] for each in pushed.done("events", "list", "--state", "processed")] == ["3"]
    subject = listed[2]["subject"]
    assert [each["id"] for each in pushed.done("events", "list", "--subject", subject)] == [listed[2]["id"]]
    assert pushed.done("events", "list", "--kind", "5") == []
    assert pushed("events", "list", "--state", "lost").code == 2
    assert pushed("events", "list", "--store", "nobody").code != 0
    assert subject in pushed("events", "list").out


def test_one_is_shown_without_its_body_unless_asked(pushed) -> None:
    number = pushed.done("events", "list", "--kind", "77")[0]["id"]
    assert NAME not in pushed("events", "show", number).out
    shown = pushed.done("events", "show", number, "--body")
    assert json.loads(shown["body"])["data"] == {"name": NAME}
    assert pushed("events", "show", 4711).code != 0


def test_what_failed_is_replayed(pushed) -> None:
    assert pushed("events", "replay").code != 0
    (replayed,) = pushed.done("events", "replay", "--failed")
    assert (replayed["state"], replayed["attempts"], replayed["reason"]) == ("received", 0, "")
    good = pushed.done("events", "list", "--kind", "3")[0]["id"]
    assert [each["id"] for each in pushed.done("events", "replay", good)] == [good]
    asyncio.run(_take(pushed.data, "", []))
    states = [(each["kind"], each["state"]) for each in pushed.done("events", "list")]
    assert states == [("", "failed"), ("77", "ignored"), ("3", "processed")]


def test_where_pushes_go(connected, shopee) -> None:
    told = connected.done("apps", "push", "demo")
    assert told["status"] == "Normal"
    assert connected("apps", "push", "demo", "--here").code != 0, "no public address is configured"
    refused = connected("apps", "push", "demo", "--url", "http://127.0.0.1:9/webhooks/shopee")
    assert refused.code != 0
    assert connected.done("apps", "push", "demo") == told
