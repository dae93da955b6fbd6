"""Pushes that never arrived, and where pushes go."""

from __future__ import annotations

import asyncio

import pytest

from gateway.errors import DataError, GatewayError, NotFound
from gateway.operations import receiving
from gateway.operations.pushing import push_settings, push_url, set_push_url


async def lose_pushes(gate, count: int) -> list[str]:
    """Let orders be made while nobody takes pushes, until the platform has given up on them."""
    await gate.client.put(f"{gate.shopee.control_url}/push", json={"url": "http://127.0.0.1:9/x", "enabled": True})
    made = [str((await gate.shopee.do("/orders", {"phase": "awaiting_shipment"}))["id"]) for _ in range(count)]
    for span in ("PT5M", "PT30M", "PT3H"):  # its retries
        await gate.advance(span)
    await gate.client.put(f"{gate.shopee.control_url}/push", json={"url": gate.url, "enabled": True})
    return made


async def test_lost_pushes_are_fetched_stored_confirmed_and_acted_upon(gate) -> None:
    made = await lose_pushes(gate, 120)
    assert await gate.rows() == []
    woken = asyncio.Event()
    fetcher = receiving.lost_pushes(gate.context, woken.set)
    found = await fetcher.fetch_all()
    assert found > 100, "more than one page"
    assert woken.is_set()
    rows = await gate.rows()
    assert len(rows) == found
    assert {row.via for row in rows} == {"lost"}
    assert await fetcher.fetch_all() == 0, "they were confirmed"
    await gate.processor.drain()
    assert {await gate.order(order_id) for order_id in made} == {"READY_TO_SHIP"}


async def test_the_fetcher_runs_at_the_start_and_every_five_minutes(gate) -> None:
    await lose_pushes(gate, 1)
    running = asyncio.create_task(receiving.lost_pushes(gate.context, lambda: None).run())
    try:
        async with asyncio.timeout(30):
            while not (first := await gate.rows()):
                await asyncio.sleep(0.02)
        await lose_pushes(gate, 1)
        async with asyncio.timeout(30):
            while len(await gate.rows()) <= len(first):
                await gate.advance("PT5M1S")
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_pushes_that_could_not_be_confirmed_come_again_and_are_stored_once(gate) -> None:
    await lose_pushes(gate, 3)
    fault = {"operation": "push/confirm_consumed_lost_push_message", "fault": "platform_error", "code": "error_server"}
    await gate.shopee.do("/faults", [fault])
    fetcher = receiving.lost_pushes(gate.context, lambda: None)
    assert await fetcher.fetch_all() == 0
    rows = await gate.rows()
    assert rows, "they are safe although the confirmation failed"
    await gate.client.delete(f"{gate.shopee.control_url}/faults")
    assert await fetcher.fetch_all() == len(rows)
    await gate.processor.drain()
    assert len(await gate.rows()) == len(rows)


async def test_setting_the_address_is_tried_by_the_platform_and_its_test_is_acknowledged(gate) -> None:
    await gate.client.put(f"{gate.shopee.control_url}/push", json={"url": None, "enabled": False})
    settings = await set_push_url(gate.context, "demo", gate.url)
    assert settings.url == gate.url
    assert {"1", "2", "3", "4", "12", "29", "30", "47"} <= set(settings.kinds)
    assert (await push_settings(gate.context, "demo")) == settings
    await gate.processor.drain()
    (row,) = await gate.rows()
    assert (row.kind, row.state, row.last_error) == ("0", "ignored", "kind 0 names nothing to read")
    order_id = str((await gate.shopee.do("/orders", {"phase": "awaiting_shipment"}))["id"])
    async with asyncio.timeout(30):
        while await gate.order(order_id) is None:
            await gate.processor.drain()
            await asyncio.sleep(0.02)


async def test_an_address_that_does_not_answer_is_not_set(gate) -> None:
    with pytest.raises(GatewayError):
        await set_push_url(gate.context, "demo", "http://127.0.0.1:9/webhooks/shopee")
    assert (await push_settings(gate.context, "demo")).url == gate.url


async def test_an_address_needs_to_be_known_and_whole(gate) -> None:
    with pytest.raises(DataError, match="public_url"):
        await push_url(gate.context, "demo")
    with pytest.raises(DataError, match="no address"):
        await set_push_url(gate.context, "demo", "gateway.example.com")
    with pytest.raises(NotFound):
        await push_settings(gate.context, "nobody")
