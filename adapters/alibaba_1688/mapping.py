"""One order of 1688 -> the fields of one canonical order. Pure: dict in, dict out (API.md section 5.5).

A detail leaves out what has no value, so a missing field says "none"; only what no answer tells is ``absent``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from adapters.alibaba_1688 import words
from adapters.alibaba_1688.payloads import BaseInfo, Item, OrderRow
from adapters.alibaba_1688.values import Unmappable, exact_or_none, flag, instant, line_id_of, numbers, yuan
from gateway.model.order import OWN_NUMBER, Closure, EndedBy, EndReason, FulfillmentState, PaymentState
from gateway.model.store import Role, Store
from gateway.ports import Unmapped

NEVER_TOLD = frozenset({
    "sale_type", "ship_from", "ship_by", "collect_by", "latest_delivery_at", "returnable_until", "can_cancel",
    "can_cancel_lines", "buyer_reason_raw", "replaces",
})  # fmt: skip
"""No answer has a field for these: they stay what is stored, or unknown."""

_DETAILS = ("refundStatus", "refundStatusForAs", "tradeType", "businessType", "closeRemark")
_TIMES = ("completeTime", "confirmedTime", "receivingTime", "allDeliveredTime", "payTime", "createTime")
_REQUESTED = frozenset({"waitselleragree", "waitbuyermodify"})
_ARRIVED = frozenset({FulfillmentState.shipped, FulfillmentState.delivered})


def order_fields(row: OrderRow, store: Store) -> tuple[dict[str, Any], list[Unmapped]]:
    """Return the fields of the canonical order and the words no table knows.

    Raises Unmappable when the number, the status or the creation time is missing, or an amount or instant is not
    exact.
    """
    base: BaseInfo = row.get("baseInfo") or {}
    order_id, status = base.get("idOfStr") or base.get("id") or "", base.get("status") or ""
    for name, value in (("id", order_id), ("status", status), ("createTime", base.get("createTime"))):
        if not value:
            raise Unmappable(f"baseInfo.{name}: missing")
    unmapped: list[Unmapped] = []
    standing = words.ORDER_STATUS.get(status)
    if standing is None:
        standing = words.UNKNOWN_STATUS
        unmapped.append(Unmapped(order_id, "status", status))
    currency = "CNY" if base.get("currency") in {None, "", "RMB"} else str(base.get("currency"))
    items = row.get("productItems") or []
    lines = _lines(items, standing, currency, order_id, unmapped)
    packages, untold = _packages(row, lines, order_id, unmapped)
    payments = _payments(row, currency, order_id, unmapped)
    fulfillment = _fulfillment(standing, items)
    if fulfillment in _ARRIVED and not packages:
        untold |= {"packages"}
    told: Mapping[str, Any] = base
    times = {name: instant(told.get(name), f"baseInfo.{name}") for name in (*_TIMES, "modifyTime")}
    ended_by, end_reason = _ending(base, standing, order_id, unmapped)
    logistics = row.get("nativeLogistics") or {}
    fields: dict[str, Any] = {
        "store": store.id,
        "order_id": order_id,
        "raw_status": status,
        "raw_details": _texts(base, _DETAILS),
        "platform_ids": _ids(row, base),
        "payment": _payment(base, standing, payments),
        "fulfillment": fulfillment,
        "closure": standing.closure,
        "region": store.region,
        "currency": currency,
        "cross_border": True if base.get("businessType") == "cb" else flag(base, "overSeaOrder"),
        "placed_at": times["createTime"],
        "updated_at": times["modifyTime"] or max(at for at in times.values() if at is not None),
        "paid_at": times["payTime"],
        "shipped_at": times["allDeliveredTime"],
        "delivered_at": times["receivingTime"] or times["confirmedTime"],
        "auto_cancel_at": _pay_by(base, items, times["createTime"]) if status == "waitbuyerpay" else None,
        "ended_at": times["completeTime"],
        "ended_by": ended_by,
        "ended_by_raw": base.get("closeOperateType") or "",
        "end_reason": end_reason,
        "end_reason_raw": base.get("closeReason") or "",
        "total_minor": yuan(base.get("totalAmount"), currency, "baseInfo.totalAmount"),
        "shipping_minor": yuan(base.get("shippingFee"), currency, "baseInfo.shippingFee"),
        "refunded_minor": yuan(base.get("refund"), currency, "baseInfo.refund"),
        "note": base.get("sellerMemo" if store.role is Role.seller else "buyerMemo") or "",
        "buyer_message": base.get("buyerFeedback") or base.get("remark") or "",
        "lines": lines,
        "packages": packages,
        "payments": payments,
        "buyer": _buyer(base),
        "supplier": _supplier(base) if store.role is Role.buyer else None,
        "recipient": _recipient(row, base, store) if logistics or base.get("receiverInfo") else None,
        "absent": NEVER_TOLD | untold,
    }  # fmt: skip
    return fields, unmapped


def _texts(row: Mapping[str, Any], names: Sequence[str]) -> dict[str, str]:
    return {name: str(row[name]) for name in names if row.get(name) not in {None, ""}}


def _ids(row: OrderRow, base: BaseInfo) -> dict[str, str]:
    sale: Mapping[str, Any] = row.get("encryptOutOrderInfo") or {}
    found = {
        OWN_NUMBER: base.get("outOrderId"),
        "pre_order_id": base.get("preOrderId"),
        "refund_id": base.get("refundId"),
        "sale_order_id": sale.get("outPlatformOrderNo"),
        "sale_platform": sale.get("outPlatformCode"),
    }
    return {name: str(value) for name, value in found.items() if value}


def _lines(
    items: Sequence[Item], standing: words.Standing, currency: str, order_id: str, unmapped: list[Unmapped]
) -> list[dict[str, Any]]:
    return [_line(item, standing, currency, order_id, unmapped) for item in items]


def _line(
    item: Item, standing: words.Standing, currency: str, order_id: str, unmapped: list[Unmapped]
) -> dict[str, Any]:
    quantity, unit, step = _units(item)
    status, moved = item.get("status") or "", item.get("logisticsStatus") or ""
    asked = words.refund_word(item.get("refundStatus") or "")
    for where, word, known in (
        ("productItems.status", status, words.ORDER_STATUS),
        ("productItems.logisticsStatus", moved, words.LINE_LOGISTICS),
        ("productItems.refundStatus", item.get("refundStatus") or "", None),
    ):
        if word and (asked not in words.REFUND_STATUS if known is None else word not in known):
            unmapped.append(Unmapped(order_id, where, word))
    over = status in words.ENDED
    paid = yuan(item.get("itemAmount"), currency, "productItems.itemAmount")
    price = item.get("price")
    return {
        "line_id": line_id_of(item),
        "product_id": item.get("productID") or "",
        "variant_id": item.get("skuID") or item.get("specId") or "",
        "sku": item.get("cargoNumber") or item.get("productCargoNumber"),
        "title": item.get("name") or "",
        "variant": ", ".join(value for each in item.get("skuInfos") or () if (value := each.get("value"))),
        "quantity": quantity,
        "unit": unit,
        # before shipment a refund is always for whole lines (section 7.1); afterwards the order does not tell how many
        "cancel_requested": quantity if asked in _REQUESTED and moved == words.NOT_SHIPPED and not over else 0,
        "cancelled": quantity if over and moved not in words.LEFT else 0,
        "returned": quantity if moved == words.RETURNED else 0,
        "unit_price_minor": paid // quantity if paid is not None and quantity and paid % quantity == 0 else None,
        "list_price_minor": exact_or_none(Decimal(price) * step, currency) if price else None,
        "paid_minor": paid,
        "end_reason": words.CLOSE_REASON.get(item.get("closeReason") or "")
        if over and standing.closure is Closure.open
        else None,
        "end_reason_raw": item.get("closeReason") or "",
        "platform_ids": _texts(item, ("specId", "refundId", "refundIdForAs")),
    }


def _units(item: Item) -> tuple[int, str, Decimal]:
    """Return a quantity in whole steps, the unit's name, and how large a step is: 2.5 m are 25 of ``0.1 m``."""
    told, unit = Decimal(item.get("quantity") or 0), item.get("unit") or ""
    exponent = told.normalize().as_tuple().exponent
    if not told.is_finite() or told < 0 or not isinstance(exponent, int):
        raise Unmappable("productItems.quantity: not a quantity")
    step = Decimal(1).scaleb(min(exponent, 0))
    return int(told / step), f"{step} {unit}".strip() if step != 1 else unit, step


def _fulfillment(standing: words.Standing, items: Sequence[Item]) -> FulfillmentState:
    wanted = [item for item in items if (item.get("status") or "") not in words.ENDED]
    moved = [(item.get("logisticsStatus") or "") in words.LEFT for item in wanted]
    if standing.fulfillment is None:
        left = any((item.get("logisticsStatus") or "") in words.LEFT for item in items)
        return FulfillmentState.shipped if left else FulfillmentState.not_due
    # the status names the order; a line that has left, or stays behind, is a fact all the same
    if standing.fulfillment is FulfillmentState.to_ship and any(moved):
        return FulfillmentState.partly_shipped
    if standing.fulfillment is FulfillmentState.shipped:
        behind = [item for item in wanted if item.get("logisticsStatus") == words.NOT_SHIPPED]
        return FulfillmentState.partly_shipped if behind and any(moved) else FulfillmentState.shipped
    return standing.fulfillment


def _payment(base: BaseInfo, standing: words.Standing, payments: Sequence[Mapping[str, Any]]) -> PaymentState:
    if standing.payment is None:
        return PaymentState.paid if base.get("payTime") else PaymentState.unpaid
    if standing.payment is PaymentState.unknown:
        return PaymentState.unknown
    states = {payment["state"] for payment in payments if payment.get("step")}
    if PaymentState.paid in states and PaymentState.unpaid in states:
        return PaymentState.partly_paid
    if base.get("tradeType") == words.CASH_ON_DELIVERY and not base.get("payTime"):
        return PaymentState.on_delivery
    if standing.payment is PaymentState.paid and any(each["state"] is PaymentState.on_credit for each in payments):
        return PaymentState.on_credit
    return standing.payment


def _payments(row: OrderRow, currency: str, order_id: str, unmapped: list[Unmapped]) -> list[dict[str, Any]]:
    def state(word: str | None, where: str) -> PaymentState:
        known = words.PAY_STATUS.get(word or "")
        if known is None and word:
            unmapped.append(Unmapped(order_id, where, word))
        return known or PaymentState.unknown

    steps = (row.get("baseInfo") or {}).get("newStepOrderList") or ()
    if steps:
        return [
            {
                "method": step.get("stepName") or "",
                "state": state(step.get("payStatus"), "newStepOrderList.payStatus"),
                "step": step.get("stepNo"),
                "paid_at": instant(step.get("gmtPay"), "newStepOrderList.gmtPay"),
                "pay_from": instant(step.get("gmtStart"), "newStepOrderList.gmtStart"),
                "pay_by": instant(step.get("gmtEnd"), "newStepOrderList.gmtEnd"),
            }
            for step in steps
        ]
    return [
        {
            "payment_id": term.get("phase") or "",
            "method": term.get("payWayDesc") or words.PAY_WAY.get(term.get("payWay") or "") or term.get("payWay") or "",
            "state": state(term.get("payStatus"), "tradeTerms.payStatus"),
            "amount_minor": yuan(term.get("phasAmount"), currency, "tradeTerms.phasAmount"),
            "paid_at": instant(term.get("payTime"), "tradeTerms.payTime"),
        }
        for term in row.get("tradeTerms") or ()
    ]


def _packages(
    row: OrderRow, lines: Sequence[Mapping[str, Any]], order_id: str, unmapped: list[Unmapped]
) -> tuple[list[dict[str, Any]], frozenset[str]]:
    """Return the parcels. Goods leave by line, so a line named in several lies in the first as far as one can tell."""
    whole = {line["line_id"]: line["quantity"] for line in lines}
    packages, untold = [], frozenset[str]()
    for shipment in (row.get("nativeLogistics") or {}).get("logisticsItems") or ():
        word = shipment.get("status") or ""
        state = words.PARCEL.get(word)
        if state is None and word:
            unmapped.append(Unmapped(order_id, "logisticsItems.status", word))
        named = list(numbers(shipment.get("subItemIds")))
        inside = [{"line_id": line_id, "quantity": whole.pop(line_id)} for line_id in named if line_id in whole]
        if len(inside) < len(named):
            untold |= {"packages.lines"}
        packages.append(
            {
                "package_id": shipment.get("logisticsCode") or shipment.get("id") or "",
                "state": state or (FulfillmentState.unknown if word else FulfillmentState.shipped),
                "raw_status": word,
                "carrier": shipment.get("logisticsCompanyName") or "",
                # type 2 travels without a carrier, and has words in the place of a number
                "tracking_number": "" if shipment.get("type") == "2" else shipment.get("logisticsBillNo") or "",
                "lines": inside,
            }
        )
    return packages, untold


def _ending(
    base: BaseInfo, standing: words.Standing, order_id: str, unmapped: list[Unmapped]
) -> tuple[EndedBy | None, EndReason | None]:
    """Return who ended the order and why. A refund closes a trade in the seller's name, but the buyer asked for it."""
    by_word, why_word = base.get("closeOperateType") or "", base.get("closeReason") or ""
    by, why = words.CLOSED_BY.get(by_word), words.CLOSE_REASON.get(why_word)
    ended = standing.closure in {Closure.cancelled, Closure.closed}
    refunded = ended and base.get("refundStatus") == "refundsuccess" and bool(base.get("payTime"))
    if by_word and by is None:
        unmapped.append(Unmapped(order_id, "closeOperateType", by_word))
    if why_word and why is None and not refunded:
        unmapped.append(Unmapped(order_id, "closeReason", why_word))
    if not ended:
        return None, None
    if refunded:
        return EndedBy.buyer, EndReason.buyer_asked
    if why is EndReason.unpaid and not by_word:
        by = EndedBy.platform
    if why is None and by_word == "CLOSE_TRADE_BY_SYSTEM" and not base.get("payTime"):
        why = EndReason.unpaid
    return by or EndedBy.unknown, why or EndReason.unknown


def _pay_by(base: BaseInfo, items: Sequence[Item], placed_at: datetime | None) -> datetime | None:
    seconds = base.get("payTimeout") or ""
    if placed_at is not None and seconds.isdigit() and base.get("payTimeoutType") in {None, "0"}:
        return placed_at + timedelta(seconds=int(seconds))
    ends = [instant(item.get("gmtPayExpireTime"), "productItems.gmtPayExpireTime") for item in items]
    return min((end for end in ends if end is not None), default=None)


def _masked(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a person with the names of those that the platform hides, wholly or partly."""
    return {**fields, "masked": {name for name, value in fields.items() if isinstance(value, str) and "*" in value}}


def _buyer(base: BaseInfo) -> dict[str, Any] | None:
    number, contact = base.get("buyerID") or "", base.get("buyerContact") or {}
    name = contact.get("name") or base.get("buyerLoginId") or ""
    return _masked({"buyer_id": number, "name": name}) if number or name else None


def _supplier(base: BaseInfo) -> dict[str, Any]:
    contact = base.get("sellerContact") or {}
    return {
        "supplier_id": base.get("sellerID") or "",
        "name": contact.get("companyName") or contact.get("shopName") or base.get("sellerLoginId") or "",
        "chat_id": base.get("sellerLoginId") or contact.get("imInPlatform") or "",
    }


def _recipient(row: OrderRow, base: BaseInfo, store: Store) -> dict[str, Any]:
    place: Mapping[str, Any] = row.get("nativeLogistics") or {}
    told: Mapping[str, Any] = base.get("receiverInfo") or {}
    sale: Mapping[str, Any] = row.get("encryptOutOrderInfo") or {}
    sealed = {
        "name": sale.get("encryptReceiverName"),
        "phone": sale.get("encryptReceiverMobile"),
        "full_address": sale.get("encryptReceiverAddress"),
    }
    person = {
        "name": place.get("contactPerson") or told.get("toFullName") or "",
        "phone": place.get("mobile") or place.get("telephone") or told.get("toMobile") or told.get("toPhone") or "",
        "region": store.region,
        "state": place.get("province") or "",
        "city": place.get("city") or "",
        "district": place.get("area") or "",
        "town": place.get("town") or "",
        "postal_code": place.get("zip") or told.get("toPost") or "",
        "full_address": place.get("address") or told.get("toArea") or "",
        "address_token": sale.get("oaid") or "",
    }
    return _masked(person) | {"encrypted": {name: value for name, value in sealed.items() if value}}
