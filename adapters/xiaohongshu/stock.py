"""What a shop can still sell of a SKU (API.md section 8)."""

from __future__ import annotations

from typing import Any

from adapters.xiaohongshu.client import read, write
from adapters.xiaohongshu.payloads import object_of, whole_of
from gateway.errors import DataError, InvalidRequest
from gateway.ports import Answer, Channel, StockLevel

_READ, _SET = "inventory.getSkuStock", "inventory.syncSkuStock"


async def read_stock(channel: Channel, variant_id: str) -> StockLevel:
    """Return the stock of a SKU now."""
    return _level(await channel.send(read(_READ, {"skuId": variant_id})), _READ)


async def set_stock(channel: Channel, variant_id: str, total: int) -> StockLevel:
    """Set the total of a SKU, what unpaid orders hold included. An effect; may be repeated.

    Raises InvalidRequest below zero. What orders hold stays held, whatever the total.
    """
    if total < 0:
        raise InvalidRequest(f"A stock of {total} cannot be: give the whole number of units, 0 for none.")
    return _level(await channel.send(write(_SET, {"skuId": variant_id, "qty": total}, repeatable=True)), _SET)


def _level(answer: Answer, call: str) -> StockLevel:
    stock: Any = object_of(answer, call).get("skuStock")
    available, total, occupied = (whole_of(stock, name) for name in ("available", "total", "occupiedQuantity"))
    if available is None or total is None or occupied is None:
        raise DataError(f"Xiaohongshu's answer to {call} does not tell the stock. Ask again.")
    return StockLevel(available, total, occupied)
