"""Reading orders: list, detail, receiver, tracking (API.md section 4)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mocks.xiaohongshu import wire
from mocks.xiaohongshu.calling import Call, Context
from mocks.xiaohongshu.errors import wrong
from mocks.xiaohongshu.model import DAY, MINUTE, Status
from mocks.xiaohongshu.sealed import ADDRESS, NAME, PHONE

if TYPE_CHECKING:
    from mocks.xiaohongshu.model import Order, Parcel
    from mocks.xiaohongshu.params import Params

CREATED, UPDATED = 1, 2
SPANS = {CREATED: DAY, UPDATED: 30 * MINUTE}
MAX_PAGE = 100
MAX_SIZE = 100
_BEIJING = timedelta(hours=8)


def _list(ctx: Context, params: Params) -> dict[str, Any]:
    start, end = params.number("startTime"), params.number("endTime")
    by = params.within("timeType", CREATED, UPDATED)
    if end <= start:
        raise wrong("endTime必须大于startTime")
    if end - start > SPANS[by]:
        raise wrong("时间跨度不能超过24小时" if by == CREATED else "时间跨度不能超过30分钟")
    page = params.within("pageNo", 1, MAX_PAGE, default=1)
    size = params.within("pageSize", 1, MAX_SIZE, default=50)
    status = params.within("orderStatus", 0, 10, default=0)
    kind = params.within("orderType", 0, 5, default=0)
    seller = ctx.shop.seller_id
    found: list[tuple[int, str, Order]] = []
    for order in ctx.world.orders.values():
        if order.seller_id != seller or (status and order.status != status) or (kind and order.order_type != kind):
            continue
        when = order.created if by == CREATED else ctx.world.seen_ms(order.updated_ms) // 1000
        if start <= when <= end:
            found.append((order.created if by == CREATED else order.updated_ms, order.order_id, order))
    found.sort(key=lambda row: row[:2])
    return {
        "total": len(found),
        "pageNo": page,
        "pageSize": size,
        "maxPageNo": -(-len(found) // size),
        "orderList": [wire.listed(order) for _, _, order in found[(page - 1) * size : page * size]],
    }


def _detail(ctx: Context, params: Params) -> dict[str, Any]:
    return wire.detailed(ctx.world, ctx.order(params.text("orderId")))


def _receivers(ctx: Context, params: Params) -> dict[str, Any] | None:
    queries = params.rows("receiverQueries")
    exchange = params.flag("isReturn")
    asked = [(ctx.order(row.text("orderId")), row.text("openAddressId")) for row in queries]
    rows = [
        _receiver(ctx, order, address_id)
        for order, address_id in asked
        if order.status == Status.TO_SHIP and (order.order_type == 5) is exchange
    ]
    return {"receiverInfos": rows} if rows else None


def _receiver(ctx: Context, order: Order, address_id: str) -> dict[str, Any]:
    receiver = order.receiver
    matched = address_id == receiver.open_address_id
    if matched and not order.cipher:
        vault, owner = ctx.world.vault, order.order_id
        order.cipher = {
            "receiverName": vault.seal(owner, NAME, receiver.name),
            "receiverPhone": vault.seal(owner, PHONE, receiver.phone),
            "receiverAddress": vault.seal(owner, ADDRESS, receiver.address),
        }
    hidden = order.cipher if matched else dict.fromkeys(("receiverName", "receiverPhone", "receiverAddress"), "")
    return {
        "orderId": order.order_id,
        "matched": matched,
        "receiverProvinceName": receiver.province if matched else "",
        "receiverCityName": receiver.city if matched else "",
        "receiverDistrictName": receiver.district if matched else "",
        "receiverTownName": receiver.town if matched else "",
        **hidden,
        "location": "",
    }


def _tracking(ctx: Context, params: Params) -> dict[str, Any]:
    order = ctx.order(params.text("orderId"))
    return {"orderTrackInfos": [_track(order, parcel) for parcel in order.parcels]}


_STATE_WORDS = {
    "waiting": "待发货",
    "in_transit": "已发货",
    "delivered": "已签收",
    "lost": "已遗失",
    "came_back": "已退回",
}
_STATUS_WORDS = {1010: "订单创建", 1015: "已付款", 2010: "清关中", 2015: "清关完成", 3010: "商家处理中"}
_MORE_STATUS_WORDS = {3020: "商家已发货", 6020: "运输中"}


def _track(order: Order, parcel: Parcel) -> dict[str, Any]:
    return {
        "orderId": order.order_id,
        "deliveryOrderId": parcel.delivery_order_id,
        "currentStatusDesc": _STATE_WORDS[parcel.state],
        "expressCompanyCode": parcel.express_code,
        "expressCompanyName": parcel.express_name,
        "expressNo": parcel.express_no,
        "records": [
            {
                "eventAt": _beijing(at),
                "eventDesc": words,
                "trackingPartnerSyncAt": _beijing(at),
                "nodeId": node,
                "subNodeId": 0,
                "trackingStatus": status,
                "trackingStatusDesc": (_STATUS_WORDS | _MORE_STATUS_WORDS).get(status, words),
                "location": {"provinceName": order.receiver.province, "cityName": order.receiver.city},
            }
            for at, words, node, status in [(order.created, "订单创建", 5, 1010), *parcel.events]
        ],
    }


def _beijing(second: int) -> str:
    return (datetime.fromtimestamp(second, UTC) + _BEIJING).strftime("%Y-%m-%d %H:%M:%S")


CALLS = {
    "order.getOrderList": Call(_list),
    "order.getOrderDetail": Call(_detail),
    "order.getOrderReceiverInfo": Call(_receivers),
    "order.getOrderTracking": Call(_tracking),
}
