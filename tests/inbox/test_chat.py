"""From a buyer's message to the task of reading it: that he wrote is all that is taken from the push."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from gateway.cases.case import open_case
from gateway.cases.contact import replies_of
from gateway.cases.tasks import TaskKind, tasks_open
from gateway.storage.schema import orders

LIMIT = 60


@pytest.mark.slow  # a gateway on a simulator
async def test_a_chat_push_becomes_a_task_to_read_it(gate) -> None:
    order_id = str((await gate.shopee.do("/orders", {"phase": "awaiting_shipment"}))["id"])
    other = str((await gate.shopee.do("/orders", {"phase": "awaiting_shipment"}))["id"])
    await gate.pull()
    now = gate.context.clock.now()

    def ask(c) -> str:
        store = c.execute(select(orders.c.store).where(orders.c.order_id == order_id)).scalar_one()
        return open_case(c, store=store, order_id=order_id, reason="out_of_stock", by="anna", now=now).store

    store = await gate.context.database.write(ask)
    await gate.shopee.act(order_id, "buyer_replies")
    async with asyncio.timeout(LIMIT):
        while not (found := await gate.context.database.read(lambda c: tasks_open(c, kind=TaskKind.read_reply))):
            await gate.processor.drain()
            await asyncio.sleep(0.02)
    assert [each.order_id for each in found] == [order_id]
    assert other != order_id
    assert await gate.context.database.read(lambda c: replies_of(c, store, order_id)) == []
    assert {row.state for row in await gate.rows("state", "kind = '10'")} == {"processed"}
