"""Stock: reading, setting the total, changing it by a difference; one warehouse or several (API.md section 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mocks.xiaohongshu.calling import Call, Context
from mocks.xiaohongshu.errors import ApiError, required, wrong
from mocks.xiaohongshu.model import Stock
from mocks.xiaohongshu.world import DEFAULT_WAREHOUSE

if TYPE_CHECKING:
    from mocks.xiaohongshu.params import Params

_DONE = {"success": True, "message": "", "code": 0}
_V1, _V2 = "V1", "V2"
_STILL_OCCUPIED = {
    "success": True,
    "message": "同步成功，但有占用库存未扣减，请检查独立库存占用情况和用户待支付订单占用库存情况",
    "code": -9028,
}


def _known(ctx: Context, params: Params) -> str:
    sku_id = params.text("skuId")
    if (ctx.shop.seller_id, sku_id, DEFAULT_WAREHOUSE) not in ctx.world.stock:
        raise ApiError("unknown_sku")
    return sku_id


def _shown(stock: Stock) -> dict[str, Any]:
    return {
        "available": stock.total - stock.occupied,
        "standalone": 0,
        "reserved": 0,
        "total": stock.total,
        "occupiedQuantity": stock.occupied,
        "productChannelQuantity": 0,
        "productChannelOccupiedQuantity": 0,
        "activityChannelQuantity": 0,
        "activityChannelOccupiedQuantity": 0,
    }


def _answer(ctx: Context, sku_id: str, version: str, response: dict[str, Any] | None = None) -> dict[str, Any]:
    seller = ctx.shop.seller_id
    if version == _V1:
        stock = _shown(ctx.world.stock_of(seller, sku_id))
        told = {} if response is None else {"response": response}
        return {"skuId": sku_id, "apiVersion": version, "skuStock": stock, **told}
    rows = {place: one for (shop, sku, place), one in ctx.world.stock.items() if (shop, sku) == (seller, sku_id)}
    whole = Stock(sum(one.total for one in rows.values()), sum(one.occupied for one in rows.values()))
    said = _DONE if response is None else response
    return {
        "response": {"success": True, "msg": said["message"], "code": said["code"]},
        "apiVersion": version,
        "skuStockInfo": {"skuId": sku_id, "skuStockInfo": _shown(whole)},
        "data": {
            place: {"skuId": sku_id, "whcode": place, "skuStockInfo": _shown(stock)} for place, stock in rows.items()
        },
    }


def _quantities(params: Params, version: str) -> dict[str, int]:
    if version == _V1:
        return {DEFAULT_WAREHOUSE: params.number("qty")}
    given = params.inner("qtyWithWhcode")
    if not given.values:
        raise required("qtyWithWhcode")
    return {place: given.number(place) for place in given.values}


def _read(version: str) -> Call:
    def read(ctx: Context, params: Params) -> dict[str, Any]:
        return _answer(ctx, _known(ctx, params), version)

    return Call(read, nested=version == _V2)


def _write(version: str, *, adding: bool) -> Call:
    def write(ctx: Context, params: Params) -> dict[str, Any]:
        sku_id, wanted = _known(ctx, params), _quantities(params, version)
        rows = {place: ctx.world.stock_of(ctx.shop.seller_id, sku_id, place) for place in wanted}
        totals = {place: one.total + wanted[place] if adding else wanted[place] for place, one in rows.items()}
        if min(totals.values()) < 0:
            raise wrong("库存不能为负")
        for place, one in rows.items():
            one.total = totals[place]
        ctx.applied(None)
        occupied = any(one.occupied for one in rows.values())
        return _answer(ctx, sku_id, version, _STILL_OCCUPIED if occupied and not adding else _DONE)

    return Call(write, nested=version == _V2)


CALLS = {
    "inventory.getSkuStock": _read(_V1),
    "inventory.syncSkuStock": _write(_V1, adding=False),
    "inventory.incSkuStock": _write(_V1, adding=True),
    "inventory.getSkuStockV2": _read(_V2),
    "inventory.syncSkuStockV2": _write(_V2, adding=False),
}
