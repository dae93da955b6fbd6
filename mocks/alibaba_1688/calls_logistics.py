"""Shipping and logistics queries (API.md sections 5.7 and 10)."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from mocks.alibaba_1688 import machine
from mocks.alibaba_1688.calling import Call, web_site
from mocks.alibaba_1688.errors import ApiError, bad
from mocks.alibaba_1688.machine import Dispatch, Illegal
from mocks.alibaba_1688.model import DAY, plain_date
from mocks.alibaba_1688.params import Params

if TYPE_CHECKING:
    from collections.abc import Callable

    from mocks.alibaba_1688.calling import Context
    from mocks.alibaba_1688.model import Entry, Order, Parcel, Role

TRACE_REACH = 365 * DAY


def _infos(role: Role) -> Callable[[Context, Params], dict[str, Any]]:
    def answer(ctx: Context, params: Params) -> dict[str, Any]:
        web_site(params)
        order = ctx.order(params.number("orderId"), side=role, foreign=f"order.nopermission.{role}")
        if not order.parcels:
            raise ApiError("500_2")
        fields = params.texts("fields") or ["company", "name", "sender", "receiver", "sendgood"]
        return {"result": [_shipment(order, parcel, set(fields)) for parcel in order.parcels], "success": True}

    return answer


def _shipment(order: Order, parcel: Parcel, fields: set[str]) -> dict[str, Any]:
    receiver, seller = order.receiver, order.seller
    shown: dict[str, Any] = {
        "logisticsId": parcel.logistics_id,
        "orderEntryIds": ",".join(str(entry_id) for entry_id in parcel.entries),
        "status": parcel.state,
        "logisticsBillNo": parcel.bill_no or "不需要物流",
        "remarks": "",
    }
    if fields & {"company", "name"} and parcel.company_no:
        shown |= {
            "logisticsCompanyId": parcel.company_id,
            "logisticsCompanyNo": parcel.company_no,
            "logisticsCompanyName": parcel.company_name,
        }
    if "sendgood" in fields:
        lines = [line for line in order.entries if line.entry_id in parcel.entries]
        shown["sendGoods"] = [{"goodName": one.name, "quantity": one.quantity, "unit": one.unit} for one in lines]
        shown["logisticsOrderGoods"] = [
            {"logisticsId": parcel.logistics_id, "tradeOrderId": order.order_id, "tradeOrderItemId": one.entry_id}
            for one in lines
        ]
    if "receiver" in fields:
        shown["receiver"] = {
            "receiverName": receiver["name"],
            "receiverMobile": receiver["mobile"],
            "receiverPhone": receiver["phone"],
            "receiverProvince": receiver["province"],
            "receiverCity": receiver["city"],
            "receiverCounty": receiver["area"],
            "receiverCountyCode": receiver["areaCode"],
            "receiverAddress": receiver["address"],
            "encrypt": "CN",
        }
    if "sender" in fields:
        shown["sender"] = {
            "senderName": seller.name,
            "senderMobile": seller.mobile,
            "senderPhone": "",
            "senderProvince": "浙江省",
            "senderCity": "金华市",
            "senderCounty": "义乌市",
            "senderAddress": "示例路1号",
            "encrypt": "CN",
        }
    return shown


def _trace(role: Role) -> Callable[[Context, Params], dict[str, Any]]:
    def answer(ctx: Context, params: Params) -> dict[str, Any]:
        web_site(params)
        order = ctx.order(params.number("orderId"), side=role, unknown="404", foreign=f"order.nopermission.{role}")
        if order.created < ctx.world.now() - TRACE_REACH:
            raise ApiError("order.createtime.history")
        wanted = params.optional("logisticsId")
        parcels = [one for one in order.parcels if wanted in {"", one.logistics_id}]
        if not parcels:
            raise ApiError("404")
        traces = [
            {
                "logisticsId": parcel.logistics_id,
                "logisticsBillNo": parcel.bill_no,
                "orderId": order.order_id,
                "logisticsSteps": [{"acceptTime": plain_date(at), "remark": words} for at, words in parcel.steps],
            }
            for parcel in parcels
        ]
        return {"logisticsTrace": traces, "success": True}

    return answer


def _send(*, without: bool) -> Callable[[Context, Params], dict[str, Any]]:
    def answer(ctx: Context, params: Params) -> dict[str, Any]:
        params.text("sendGoods")
        rows = params.rows("sendGoods")
        if not rows:
            raise bad("sendGoods is empty")
        plan = [(order, _dispatch(params, row, order, without=without)) for row in rows for order in [_sold(ctx, row)]]
        shown, number = [], ""
        for (order, dispatch), row in zip(plan, rows, strict=True):
            try:
                parcel = machine.ship(ctx.world, order, dispatch)
            except Illegal as error:
                text = None if error.code == "ORDER_STATUS_ERROR" else str(error)
                raise ApiError(error.code or "ORDER_STATUS_ERROR", text) from error
            number = number or parcel.logistics_id
            ctx.applied(order.order_id)
            entries = [{name: one.values[name] for name in one.values} for one in row.rows("sendGoodEntries")]
            shown.append({"sourceId": order.order_id, "sendGoodEntries": entries})
        return {"result": {"logisticsId": number, "sendGoods": shown}, "success": True}

    return answer


def _sold(ctx: Context, row: Params) -> Order:
    order = ctx.order(row.number("sourceId"), side="seller")
    if order.downstream_refund == "refunding":
        raise ApiError("5001", "下游订单正在退款中，不能发货")
    if order.downstream_refund == "refunded":
        raise ApiError("5002", "下游订单已退款或已关闭，不能发货")
    return order


def _dispatch(params: Params, row: Params, order: Order, *, without: bool) -> Dispatch:
    lines: list[Entry] = []
    body = Params({})
    for one in row.rows("sendGoodEntries"):
        line = order.entry(one.number("sourceEntryId"))
        if line is None:
            raise ApiError("ORDER_NOT_EXIST")
        if not line.can_send:
            raise ApiError("ORDER_STATUS_ERROR", "货品由平台仓发货")
        _whole_line(one, line)
        lines.append(line)
        if one.optional("extBody"):
            body = one.inner("extBody")
    if not lines:
        raise bad("sendGoodEntries is empty")
    if not body.values and params.optional("extBody"):
        body = params.inner("extBody")
    if without:
        return Dispatch(lines, type="2")
    return Dispatch(lines, body.text("cpCode"), body.text("mailNo"))


def _whole_line(one: Params, line: Entry) -> None:
    """Shipping is by sub-order, not by quantity: an amount other than the line's is refused."""
    raw = one.values.get("amount")
    if raw is None:
        return
    try:
        amount = Decimal(str(raw))
    except InvalidOperation as error:
        raise bad("amount is not a number") from error
    if amount != line.left:
        raise bad("amount must be the quantity of the sub-order: goods are sent by sub-order")


def _companies(_ctx: Context, _params: Params) -> dict[str, Any]:
    rows = [
        {"id": int(number), "companyNo": code, "companyName": name, "supportPrint": False}
        for code, (number, name) in machine.CARRIERS.items()
    ]
    return {"result": rows, "success": True}


def _urge(ctx: Context, params: Params) -> dict[str, Any]:
    order = ctx.order(params.number("orderId"), side="buyer")
    if order.status != "waitsellersend":
        raise ApiError("ORDER_STATUS_ERROR")
    ctx.applied(order.order_id)
    return {"success": True}


_NAME = "com.alibaba.logistics/alibaba."
CALLS = {
    f"{_NAME}trade.getLogisticsInfos.buyerView": Call(_infos("buyer")),
    f"{_NAME}trade.getLogisticsInfos.sellerView": Call(_infos("seller")),
    f"{_NAME}trade.getLogisticsTraceInfo.buyerView": Call(_trace("buyer")),
    f"{_NAME}trade.getLogisticsTraceInfo.sellerView": Call(_trace("seller")),
    f"{_NAME}logistics.OpDeliverySendOrder.offline": Call(_send(without=False)),
    f"{_NAME}logistics.OpDeliverySendOrder.dummy": Call(_send(without=True)),
    f"{_NAME}logistics.OpQueryLogisticCompanyList": Call(_companies),
    f"{_NAME}logistics.OpQueryLogisticCompanyList.offline": Call(_companies),
    "com.alibaba.logistics/logistics.delivery.urge": Call(_urge),
}
