"""Taking pushes in: what is acknowledged is on disk, what is not signed is not stored."""

from __future__ import annotations

import asyncio
import json
import threading

import httpx
import pytest

from gateway.model.store import AppSecret
from gateway.operations.apps import add_app

ORDER = {"code": 3, "shop_id": 1, "timestamp": 1795305600, "data": {"ordersn": "261122ABCDEF", "status": "UNPAID"}}


@pytest.mark.on_both
async def test_the_acknowledgement_is_empty_and_comes_after_the_commit(gate) -> None:
    answer = await gate.post(ORDER)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Length"] == "0"
    (row,) = await gate.rows()
    assert (row.platform, row.app, row.via, row.state, row.deliveries) == ("shopee", "demo", "push", "received", 1)
    assert row.kind is None, "nothing is parsed before the acknowledgement"


async def test_what_is_stored_is_sealed_and_holds_no_signature(gate) -> None:
    await gate.post(ORDER)
    (row,) = await gate.rows()
    assert b"261122ABCDEF" not in row.sealed
    assert set(json.loads(row.headers)) <= {"Content-Type", "User-Agent"}


@pytest.mark.on_both
async def test_the_same_bytes_again_are_acknowledged_and_one_event(gate) -> None:
    answers = [await gate.post(ORDER) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    await gate.processor.drain()
    (row,) = await gate.rows()
    assert row.deliveries == 3
    assert (await gate.post(ORDER)).status_code == 200
    await gate.processor.drain()
    (row,) = await gate.rows()
    assert row.deliveries == 4


@pytest.mark.parametrize(
    "spoil",
    [
        lambda body, headers: (body.replace(b"UNPAID", b"SHIPPED"), headers),
        lambda body, headers: (body, {}),
        lambda body, headers: (body, {"Authorization": ""}),
        lambda body, headers: (body, {"Authorization": headers["Authorization"].upper()}),
        lambda body, headers: (body, {"Authorization": "Bearer " + headers["Authorization"]}),
        lambda body, headers: (body, {"Authorization": headers["Authorization"][:-1]}),
        lambda body, headers: (body, {"Authorization": "ü" * 64}),
        lambda body, headers: (body + b" ", headers),
        lambda body, headers: (b"", headers),
    ],
    ids=["tampered", "no header", "empty", "upper case", "scheme", "cut", "not ascii", "longer", "no body"],
)
async def test_what_the_platform_did_not_sign_is_refused_counted_and_not_stored(gate, spoil) -> None:
    raw = json.dumps(ORDER).encode()
    good = await gate.post(raw)
    assert good.status_code == 200
    headers = {"Authorization": good.request.headers["Authorization"]}
    body, headers = spoil(raw, headers)
    encoded = {name: value.encode() for name, value in headers.items()}
    answer = await gate.client.post(gate.url, content=body, headers=encoded)
    assert (answer.status_code, answer.content) == (401, b"")
    assert len(await gate.rows()) == 1
    assert gate.receiver.counts.refused == 1


async def test_a_signature_for_another_address_is_refused(gate) -> None:
    raw = json.dumps(ORDER).encode()
    elsewhere = await gate.post(raw, url=f"{gate.url}/demo")
    assert elsewhere.status_code == 200, "the app's own address is one of ours too"
    moved = {"Authorization": elsewhere.request.headers["Authorization"]}
    assert (await gate.client.post(gate.url, content=raw, headers=moved)).status_code == 401


async def test_signatures_cover_the_public_address_not_the_one_that_was_called(gate) -> None:
    gate.receiver.listens_at("https://gateway.example.com")
    raw = json.dumps(ORDER).encode()
    assert (await gate.post(raw)).status_code == 401
    headers = gate.signed("https://gateway.example.com/webhooks/shopee", raw)
    assert (await gate.client.post(gate.url, content=raw, headers=headers)).status_code == 200


@pytest.mark.parametrize("path", ["/webhooks/nowhere", "/webhooks/shopee/other", "/webhooks/tiktok_shop/demo"])
async def test_an_unknown_platform_or_app(gate, path) -> None:
    assert (await gate.post(ORDER, url=gate.address + path)).status_code == 404
    assert await gate.rows() == []


async def test_too_long_a_body(gate) -> None:
    assert (await gate.post(b"x" * (1024 * 1024 + 1))).status_code == 413
    assert await gate.rows() == []
    assert (await gate.post(b"x" * 1024 * 1024)).status_code == 200


async def test_only_post(gate) -> None:
    assert (await gate.client.get(gate.url)).status_code == 405


async def test_an_app_whose_key_is_replaced_is_known_without_a_restart(gate) -> None:
    assert (await gate.post(ORDER)).status_code == 200
    told = await gate.shopee.read("/credentials")
    secret = AppSecret(sign_key=told["partner_key"], push_key="another key")
    await add_app(
        gate.context,
        name="demo",
        platform="shopee",
        key=str(told["partner_id"]),
        secret=secret,
        base_url=gate.shopee.base_url,
        replace=True,
    )
    gate.push_key = "another key"
    async with asyncio.timeout(30):
        while (await gate.post(ORDER)).status_code != 200:
            await asyncio.sleep(0.1)


async def test_full_means_503_and_nothing_acknowledged_is_lost(gate) -> None:
    """The writer is held up; the queue takes what it may, turns the rest away, and keeps what it took."""
    held, go = threading.Event(), threading.Event()

    def hold(_connection) -> None:
        held.set()
        assert go.wait(60)

    gate.receiver._commits._most = 5
    await gate.post(ORDER)  # so that apps are known before the writer is held
    holding = asyncio.create_task(gate.context.database.append(hold))
    await asyncio.to_thread(held.wait, 60)
    posts = [asyncio.create_task(gate.post(ORDER | {"timestamp": number})) for number in range(20)]
    while sum(post.done() for post in posts) < 15:
        await asyncio.sleep(0.01)
    go.set()
    await holding
    answers = [await post for post in posts]
    full = [answer for answer in answers if answer.status_code == 503]
    assert len(full) == 15
    assert all(answer.headers["Retry-After"] == "5" for answer in full)
    assert sum(answer.status_code == 200 for answer in answers) == 5
    assert len(await gate.rows()) == 6
    assert gate.receiver.counts.turned_away == 15
    assert (await gate.post(ORDER | {"timestamp": 99})).status_code == 200, "room again"


async def test_a_database_that_fails_is_told_as_503(gate, monkeypatch) -> None:
    async def fails(_act) -> None:
        raise OSError("disk full")

    await gate.post(ORDER)
    monkeypatch.setattr(gate.context.database, "append", fails)
    answer = await gate.post(ORDER | {"timestamp": 5})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


@pytest.mark.on_both
async def test_of_many_at_once_each_is_one_event(gate) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=60, limits=httpx.Limits(max_connections=32)) as client:
        gate.client = client
        answers = await asyncio.gather(*(gate.post(ORDER | {"timestamp": number % 50}) for number in range(100)))
    assert {(answer.status_code, answer.content) for answer in answers} == {(200, b"")}
    assert len(await gate.rows()) == 100
    await gate.processor.drain()
    rows = await gate.rows("deliveries")
    assert (len(rows), sum(row.deliveries for row in rows)) == (50, 100)
