"""Buying from suppliers: cross-border and older order creation, paying (API.md section 6)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from mocks.alibaba_1688 import machine
from mocks.alibaba_1688.calling import Call
from mocks.alibaba_1688.errors import ApiError, Envelope, bad
from mocks.alibaba_1688.goods import Offer, Spec
from mocks.alibaba_1688.machine import Illegal
from mocks.alibaba_1688.making import Wanted, WantedLine, new_order

if TYPE_CHECKING:
    from collections.abc import Callable

    from mocks.alibaba_1688.calling import Context
    from mocks.alibaba_1688.model import Order
    from mocks.alibaba_1688.params import Params

FLOWS = {"general", "fenxiao", "saleproxy", "paired", "repurchase", "boutiquefenxiao", "boutiquepifa"}
OLD_FLOWS = {"general", "saleproxy"}
TRADE_TYPES = {"assureTrade", "alipay", "period", "assure", "creditBuy", "bank", "631staged", "37staged"}
CHANNELS = {
    "thyny",
    "tm",
    "taote",
    "c2m",
    "jingdong",
    "pinduoduo",
    "weixin",
    "kuajing",
    "kuaishou",
    "youzan",
    "douyin",
    "siku",
    "meituan",
    "xiaohongshu",
    "dangdang",
    "suning",
    "davdian",
    "xingyun",
    "miya",
    "boluo",
    "kuaituantuan",
    "other",
}
SKU_LIMIT = 50
PAY_LIMIT = 100
POSTAGE = 600
FREE_FROM = 9900


@dataclass(frozen=True, slots=True)
class _Cargo:
    offer: Offer
    spec: Spec
    quantity: int


def _create(flows: set[str], *, cross_border: bool) -> Callable[[Context, Params], dict[str, Any]]:
    def answer(ctx: Context, params: Params) -> dict[str, Any]:
        if params.text("flow") not in flows:
            raise ApiError("FLOW_ERROR", f"flow不正确，可选：{','.join(sorted(flows))}")
        receiver = _address(ctx, params.inner("addressParam"))
        params.text("cargoParamList")
        _check_texts(params)
        ours = params.optional("outOrderId")
        if ours and ctx.world.app.idempotent_creation:
            made = [
                order for order in ctx.world.orders_of(ctx.account.member_id, "buyer") if order.out_order_id == ours
            ]
            if made:
                return _told(made, [])
        cargo, failed = _cargo(ctx, params)
        if failed and not cargo:
            raise ApiError("ALL_OFFERS_FAILED", failed[0]["errorMessage"])
        orders = _place(ctx, params, cargo, receiver, cross_border=cross_border)
        for order in orders:
            ctx.applied(order.order_id, ours or None)
        return _told(orders, failed)

    return answer


def _check_texts(params: Params) -> None:
    kind = params.optional("tradeType")
    if kind and kind not in TRADE_TYPES:
        raise ApiError("TRADE_TYPE_ERROR", f"not support tradeType:【{kind}】")
    if len(params.optional("message")) > 500:
        raise ApiError("MESSAGE_TOO_LONG", "买家留言不能超过500字")
    channel = params.optional("fenxiaoChannel")
    if channel and channel not in CHANNELS:
        raise ApiError("CHANNEL_ERROR", f"fenxiaoChannel不正确：{channel}")


def _address(ctx: Context, given: Params) -> dict[str, str]:
    """Read the first complete form of an address: id, district code, or names of the places."""
    known = ctx.world.addresses.get(ctx.account.member_id, {})
    number = given.optional_number("addressId")
    if number is not None and number in known:
        return dict(known[number])
    text = given.optional
    whole = all(text(name) for name in ("address", "fullName")) and bool(text("mobile") or text("phone"))
    coded = bool(text("districtCode"))
    named = all(text(name) for name in ("provinceText", "cityText", "areaText"))
    if not whole or not (coded or named):
        raise ApiError("ADDRESS_ERROR", "收货地址不完整")
    if len(text("address")) > 200:
        raise ApiError("ADDRESS_ERROR", "收货地址不能超过200字")
    return {
        "name": text("fullName"),
        "mobile": text("mobile"),
        "phone": text("phone"),
        "zip": text("postCode"),
        "province": text("provinceText"),
        "city": text("cityText"),
        "area": text("areaText"),
        "areaCode": text("districtCode"),
        "town": text("townText"),
        "townCode": "",
        "address": text("address"),
    }


def _cargo(ctx: Context, params: Params) -> tuple[list[_Cargo], list[dict[str, Any]]]:
    rows = params.rows("cargoParamList")
    if not rows:
        raise ApiError("CARGO_EMPTY", "货品不能为空")
    if len(rows) > SKU_LIMIT:
        raise ApiError("CARGO_TOO_MANY", f"一次最多{SKU_LIMIT}个SKU")
    good: list[_Cargo] = []
    failed: list[dict[str, Any]] = []
    for row in rows:
        offer_id, spec_id, quantity = row.number("offerId"), row.optional("specId"), _quantity(row)
        offer = ctx.world.offers.get(offer_id)
        spec = offer.spec(spec_id) if offer else None
        if offer is None or spec is None:
            failed.append(_failure(offer_id, spec_id, "OFFER_NOT_EXIST", "货品不存在或已下架"))
        elif offer.seller.member_id == ctx.account.member_id:
            failed.append(_failure(offer_id, spec_id, "BUY_OWN_OFFER", "不能购买自己的货品"))
        elif spec.stock < quantity:
            failed.append(_failure(offer_id, spec_id, "STOCK_NOT_ENOUGH", "库存不足"))
        else:
            good.append(_Cargo(offer, spec, quantity))
    if len({one.offer.seller.member_id for one in good}) > 1:
        raise ApiError("SELLER_NOT_SAME", "一次只能购买同一卖家的货品")
    return good, failed


def _quantity(row: Params) -> int:
    text = row.optional("quantity").strip() or str(row.values.get("quantity", ""))
    try:
        quantity = Decimal(text.strip('"'))
    except InvalidOperation as error:
        raise bad("quantity is not a number") from error
    if quantity <= 0 or quantity != quantity.to_integral_value():
        raise ApiError("QUANTITY_ERROR", "购买数量不正确")
    return int(quantity)


def _failure(offer_id: int, spec_id: str, code: str, text: str) -> dict[str, Any]:
    return {"offerId": offer_id, "specId": spec_id, "errorCode": code, "errorMessage": text}


def _place(
    ctx: Context, params: Params, cargo: list[_Cargo], receiver: dict[str, str], *, cross_border: bool
) -> list[Order]:
    """Make one order for each depot the goods come from."""
    world = ctx.world
    orders = []
    for depot in dict.fromkeys(one.offer.depot for one in cargo):
        part = [one for one in cargo if one.offer.depot == depot]
        goods = sum(one.spec.price * one.quantity for one in part)
        wanted = Wanted(
            account=ctx.account,
            role="buyer",
            lines=[WantedLine(quantity=one.quantity, offer=one.offer, spec=one.spec) for one in part],
            counterpart=part[0].offer.seller,
            cross_border=cross_border,
            shipping_fee=0 if goods >= FREE_FROM else POSTAGE,
            receiver=receiver,
            remark=params.optional("message"),
            out_order_id=params.optional("outOrderId"),
            channel=params.optional("fenxiaoChannel"),
        )
        order = new_order(world, wanted, world.now())
        for one in part:
            one.spec.stock -= one.quantity
        machine.place(world, order)
        orders.append(order)
    return orders


def _told(orders: list[Order], failed: list[dict[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {"success": True, "failedOfferList": failed}
    if len(orders) == 1:
        order = orders[0]
        result |= {
            "orderId": str(order.order_id),
            "totalSuccessAmount": order.total,
            "postFee": order.shipping_fee,
        }
    else:
        result["orderList"] = [
            {
                "orderId": str(order.order_id),
                "orderAmmount": order.total,
                "postFee": order.shipping_fee,
                "success": True,
                "resultCode": "SUCCESS",
                "payChannel": "alipay",
            }
            for order in orders
        ]
    return {"result": result, "success": True}


def _pay_url(page: str) -> Callable[[Context, Params], dict[str, Any]]:
    def answer(ctx: Context, params: Params) -> dict[str, Any]:
        params.text("orderIdList")
        ids = params.numbers("orderIdList")
        if not 1 <= len(ids) <= PAY_LIMIT:
            raise ApiError("ORDER_LIST_ERROR", f"一次最多{PAY_LIMIT}个订单")
        good, failed = [], []
        for order_id in ids:
            order = ctx.world.orders.get(order_id)
            if order is None or order.buyer.member_id != ctx.account.member_id:
                failed.append({"orderId": order_id, "errorCode": "ORDER_NOT_EXIST", "errorMsg": "订单不存在"})
            elif order.status != "waitbuyerpay":
                failed.append({"orderId": order_id, "errorCode": "ORDER_STATUS_ERROR", "errorMsg": "订单状态错误"})
            else:
                good.append(str(order_id))
        if not good:
            raise ApiError(str(failed[0]["errorCode"]), str(failed[0]["errorMsg"]))
        url = f"https://trade.1688.com/order/{page}.htm?orderId={';'.join(good)}"
        return {"success": True, "payUrl": url, **({"payFailureOrderList": failed} if failed else {})}

    return answer


def _prepare_pay(ctx: Context, params: Params) -> dict[str, Any]:
    wish = params.inner("tradeWithholdPreparePayParam")
    channel = wish.optional("payChannel") or "alipay"
    if channel not in {"alipay", "shegou"}:
        raise ApiError("PAY_CHANNEL_ERROR", "支付渠道不正确")
    order = ctx.order(wish.number("orderId"), side="buyer")
    if not ctx.account.protocol_pay:
        raise ApiError("PROTOCOL_NOT_OPEN", "未开通免密支付")
    amount = wish.optional_number("payAmount")
    if amount is not None and amount != order.total:
        raise ApiError("PAY_AMOUNT_ERROR", "支付金额不正确")
    try:
        machine.pay(ctx.world, order)
    except Illegal as error:
        raise ApiError("ORDER_STATUS_ERROR") from error
    ctx.applied(order.order_id, wish.optional("opRequestId") or None)
    told = {"paySuccess": True, "payChannel": channel}
    return {"result": {"success": True, "code": "0", "message": "", "result": told}}


def _is_open(ctx: Context, _params: Params) -> dict[str, Any]:
    open_now = ctx.account.protocol_pay
    ways = [{"payChannel": channel, "status": open_now} for channel in ("alipay", "shegou")]
    return {"result": {"success": True, "code": "0", "message": "", "result": {"paymentAgreements": ways}}}


def _pay_ways(ctx: Context, params: Params) -> dict[str, Any]:
    order = ctx.order(params.number("orderId"), side="buyer")
    ways = {"orderId": str(order.order_id), "channels": [{"code": 1, "name": "alipay", "payFee": order.total}]}
    return {"resultList": ways, "success": True}


_TRADE = "com.alibaba.trade/alibaba."
CALLS = {
    f"{_TRADE}trade.createCrossOrder": Call(_create(FLOWS, cross_border=True), Envelope.CREATE),
    f"{_TRADE}trade.fastCreateOrder": Call(_create(OLD_FLOWS, cross_border=False), Envelope.CREATE),
    f"{_TRADE}alipay.url.get": Call(_pay_url("cashier"), Envelope.PAY),
    f"{_TRADE}crossBorderPay.url.get": Call(_pay_url("crossBorderPay"), Envelope.PAY),
    f"{_TRADE}creditPay.url.get": Call(_pay_url("creditPay"), Envelope.PAY),
    f"{_TRADE}trade.grouppay.url.get": Call(_pay_url("groupPay"), Envelope.PAY),
    f"{_TRADE}trade.pay.protocolPay.preparePay": Call(_prepare_pay, Envelope.RESULT),
    f"{_TRADE}trade.pay.protocolPay.isopen": Call(_is_open, Envelope.RESULT),
    f"{_TRADE}trade.payWay.query": Call(_pay_ways),
}
