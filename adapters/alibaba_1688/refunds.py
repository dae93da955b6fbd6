"""Refunds that we ask for as the buyer: what may be said, the application, its pictures (API.md section 7.1)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from adapters.alibaba_1688 import words
from adapters.alibaba_1688.client import TRADE, read, write
from adapters.alibaba_1688.orders import read_order
from adapters.alibaba_1688.payloads import Item, OrderRow, body_of, dict_of, rows_of, text_of
from adapters.alibaba_1688.values import Unmappable, line_id_of, yuan
from gateway.errors import InvalidRequest
from gateway.model.after_sale import AfterSaleReason
from gateway.model.store import Role
from gateway.ports import Act, Asked, Call, Channel, RefundChoices, RejectReason

CREATE = "alibaba.trade.createRefund"
_REASONS, _MOST, _UPLOAD = (
    "alibaba.trade.getRefundReasonList",
    "alibaba.trade.getMaxRefundFee",
    "alibaba.trade.uploadRefundVoucher",
)
_LARGEST_PICTURE = 1024 * 1024
_SHORTEST, _LONGEST = 2, 150  # characters of a description
_CURRENCY = "CNY"
_AGREED = "协商"
_IN_SALE_RECEIVED = "refundBuyerReceived"
DEMANDS = {"refund": "refund", "return_refund": "returnRefund"}
"""The gateway's word of what is asked for -> `disputeRequest`."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a refund is about: lines of an order with their units, and the state the goods are in."""

    order_id: str
    lines: tuple[tuple[str, int], ...]
    goods_status: str
    whole: bool  # all units of each line


def subject_of(row: OrderRow, order_id: str, lines: Sequence[tuple[str, int]], asked: str, goods: str) -> Subject:
    """Return what a refund of ``lines`` (all that have not ended, when none) is about, and the `goodsStatus` it needs.

    ``goods`` is `received` or `not_received` where a person said so; else a return means that they were received.
    Raises InvalidRequest when nothing can be asked for, or lines shipped and not shipped stand side by side.
    """
    items: dict[str, Item] = {line_id_of(item): item for item in row.get("productItems") or ()}
    units = {line_id: _count(item) for line_id, item in items.items()}
    chosen = {line_id: count for line_id, count in lines if count > 0} or {
        line_id: units[line_id] for line_id, item in items.items() if item.get("status") not in words.ENDED
    }
    if not chosen or not set(chosen) <= set(items):
        raise InvalidRequest(
            f"Order {order_id} has no such lines to ask a refund for. Take them from the order as read."
        )
    shipped = {(items[line_id].get("logisticsStatus") or "") in words.LEFT for line_id in chosen}
    received = goods == "received" or (goods != "not_received" and asked == "return_refund")
    status = (row.get("baseInfo") or {}).get("status") or ""
    if status in words.COMPLETE:
        goods_status = "aftersaleBuyerNotReceived" if goods == "not_received" else "aftersaleBuyerReceived"
    elif len(shipped) > 1:
        raise InvalidRequest("Lines that have left and lines that have not are asked for apart: name either.")
    elif shipped == {False}:
        goods_status = "refundWaitSellerSend"
    else:
        goods_status = _IN_SALE_RECEIVED if received else "refundWaitBuyerReceive"
    whole = all(count >= units[line_id] for line_id, count in chosen.items())
    return Subject(order_id, tuple(chosen.items()), goods_status, whole)


def _count(item: Item) -> int:
    told = Decimal(item.get("quantity") or 0)
    if told != told.to_integral_value():
        raise InvalidRequest("A refund counts whole units, and this order has goods sold by measure: use the console.")
    return int(told)


async def refund_choices(channel: Channel, order_id: str, lines: Sequence[tuple[str, int]]) -> RefundChoices:
    """Return reasons and limits for lines of an order, as the platform offers them now."""
    row = await read_order(channel, order_id)
    shipped = any((item.get("logisticsStatus") or "") in words.LEFT for item in row.get("productItems") or ())
    subject = subject_of(row, order_id, lines, "return_refund" if shipped else "refund", "")
    return await _choices(channel, subject)


async def _choices(channel: Channel, subject: Subject) -> RefundChoices:
    fees = await _most(channel, subject)
    return RefundChoices(
        reasons=[_reason(row) for row in await _reasons(channel, subject)],
        most_minor=_fen(fees, "maxRefundFee"),
        most_goods_minor=_fen(fees, "maxGoodsFee"),
        most_shipping_minor=_fen(fees, "maxPostFee"),
    )


def _reason(row: dict[str, Any]) -> RejectReason:
    asks = [Asked("text", "what happened, 2 to 150 characters", required=False)]
    if row.get("needVoucher") is True:
        asks.append(Asked("evidence", "links to pictures that were uploaded, 1 to 5", required=True))
    return RejectReason(text_of(row, "id"), text_of(row, "name"), asks)


async def _reasons(channel: Channel, subject: Subject) -> list[dict[str, Any]]:
    call = read(
        _REASONS,
        {
            "orderId": subject.order_id,
            "orderEntryIds": [int(line_id) for line_id, _ in subject.lines],
            "goodsStatus": subject.goods_status,
        },
    )
    return rows_of(await _inner(channel, call), "reasons", _REASONS)


async def _most(channel: Channel, subject: Subject) -> dict[str, Any]:
    counted = [{"id": int(line_id), "count": units} for line_id, units in subject.lines]
    asked = {"orderId": int(subject.order_id), "goodsStatus": subject.goods_status, "refundGoodsCountList": counted}
    return await _inner(channel, read(_MOST, {"input": asked}))


async def _inner(channel: Channel, call: Call) -> dict[str, Any]:
    outer = dict_of(body_of(await channel.send(call)), "result", call.operation)
    return dict_of(outer, "result", call.operation)


def _fen(row: dict[str, Any], name: str) -> int:
    told = text_of(row, name)
    return int(told) if told.isdigit() else 0


async def application(channel: Channel, act: Act) -> Call:
    """Return the call that applies for a refund: reads the order, the limits and the reasons first.

    Money that the act does not name is all that can come back; without the shipping fee where the reason returns
    none. Raises InvalidRequest naming the reasons when the act's is none of them.
    """
    asked, goods = act.parameters.get("solution", "refund"), act.parameters.get("goods", "")
    if asked not in DEMANDS or goods not in {"", "received", "not_received"}:
        raise InvalidRequest("`solution` is refund or return_refund, `goods` is received or not_received.")
    subject = subject_of(await read_order(channel, act.order_id), act.order_id, act.lines, asked, goods)
    reasons = await _reasons(channel, subject)
    reason = _chosen(act, reasons)
    fees = await _most(channel, subject)
    postage = 0 if reason.get("noRefundCarriage") is True else _fen(fees, "maxPostFee")
    text = act.parameters.get("text") or text_of(reason, "name")
    if not _SHORTEST <= len(text) <= _LONGEST:
        raise InvalidRequest(f"The text of a refund has {_SHORTEST} to {_LONGEST} characters.")
    links = act.parameters.get("evidence", "").split()
    partial = not subject.whole and asked == "return_refund" and subject.goods_status == _IN_SALE_RECEIVED
    counted = [{"id": int(line_id), "count": units} for line_id, units in subject.lines]
    return write(
        CREATE,
        {
            "orderId": act.order_id,
            "orderEntryIds": [int(line_id) for line_id, _ in subject.lines],
            "disputeRequest": DEMANDS[asked],
            "applyPayment": str(_amount(act, "amount", _fen(fees, "maxGoodsFee"))),
            "applyCarriage": str(_amount(act, "shipping_amount", postage)),
            "applyReasonId": text_of(reason, "id"),
            "description": text,
            "goodsStatus": subject.goods_status,
            "vouchers": links or None,
            "orderEntryCountList": counted if partial else None,
        },
    )


def _chosen(act: Act, reasons: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the reason the act names; without one, that we do not want the goods: true of whoever ends a purchase.

    A reason that claims an agreement with the supplier, or needs pictures, is never taken unnamed.
    """
    for row in reasons:
        name = text_of(row, "name")
        plain = words.reason_of(name) is AfterSaleReason.changed_mind and _AGREED not in name
        if text_of(row, "id") == act.reason or (act.reason is None and plain and row.get("needVoucher") is not True):
            return row
    known = ", ".join(f"{text_of(row, 'id')} {text_of(row, 'name')}" for row in reasons)
    raise InvalidRequest(f"A refund of order {act.order_id} takes one of the reasons {known or '(none)'}: name its id.")


def _amount(act: Act, name: str, otherwise: int) -> int:
    given = act.parameters.get(name)
    if given is None:
        return otherwise
    try:
        minor = yuan(given, _CURRENCY, name)
    except Unmappable:
        minor = None
    if minor is None or minor < 0:
        raise InvalidRequest(f"`{name}` must be an amount in yuan with at most two decimals, as in 12.34.")
    return minor


async def upload(channel: Channel, picture: bytes) -> str:
    """Return the link of a picture handed in. Raises InvalidRequest for one that is no jpg below 1 MB."""
    if channel.store.role is not Role.buyer:
        raise InvalidRequest("upload_evidence: pictures are handed in by the buyer's side alone.")
    if not picture.startswith(b"\xff\xd8") or len(picture) >= _LARGEST_PICTURE:
        raise InvalidRequest("A picture for 1688 is a jpg below 1 MB: convert or shrink it.")
    mark = hashlib.sha256(picture).hexdigest()[:32].encode()  # stands in no picture, and needs no randomness
    head = b'\r\nContent-Disposition: form-data; name="imageData"; filename="voucher.jpg"\r\nContent-Type: image/jpeg'
    call = Call(
        operation=_UPLOAD,
        method="POST",
        path=f"/openapi/param2/1/{TRADE}/{_UPLOAD}",
        body=b"--" + mark + head + b"\r\n\r\n" + picture + b"\r\n--" + mark + b"--\r\n",
        content_type=f"multipart/form-data; boundary={mark.decode()}",
        effect=True,
        idempotent="yes",
    )
    image = await _inner(channel, call)
    domain, path = text_of(image, "imageDomain"), text_of(image, "imageRelativeUrl")
    return f"{domain.rstrip('/')}/{path.lstrip('/')}"
