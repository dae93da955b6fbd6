"""Buying from suppliers: the cross-border order, its look-up by our own number, its link (API.md sections 6, 8)."""

from __future__ import annotations

from typing import Any

from adapters.alibaba_1688.client import CROSS_BORDER, read, write
from adapters.alibaba_1688.payloads import body_of, rows_of, text_of
from gateway.errors import DataError, InvalidRequest
from gateway.model.store import Role
from gateway.ports import Act, Answer, Call, Channel, SaleLink
from gateway.transport.json import decode

CREATE = "alibaba.trade.createCrossOrder"
_BUYERS = "alibaba.trade.getBuyerOrderList"
_MOST_VARIANTS = 50
_LONGEST_MESSAGE = 500
_CHOICES = {"trade_type": "tradeType", "channel": "fenxiaoChannel", "flow": "flow", "business_type": "isvBizType"}


def creation(act: Act) -> Call:
    """Return the call that makes a purchase order under our number ``act.order_id``.

    A line names ``offerId:specId``. Raises InvalidRequest when the act lacks what the call needs.
    """
    if not act.order_id.strip() or act.order_id == "-":
        raise InvalidRequest("A purchase needs our own number: after a lost answer it is looked for by that alone.")
    if not 1 <= len(act.lines) <= _MOST_VARIANTS:
        raise InvalidRequest("A purchase has 1 to 50 lines, all of one supplier.")
    if len(act.parameters.get("message", "")) > _LONGEST_MESSAGE:
        raise InvalidRequest("A message to the supplier has at most 500 characters.")
    chosen = {theirs: act.parameters[ours] for ours, theirs in _CHOICES.items() if act.parameters.get(ours)}
    return write(
        CREATE,
        {
            "flow": "general",
            **chosen,
            "addressParam": _address(act),
            "cargoParamList": [_cargo(variant, units) for variant, units in act.lines],
            "message": act.parameters.get("message") or None,
            "outOrderId": act.order_id,
        },
    )


def _cargo(variant: str, units: int) -> dict[str, Any]:
    offer, _, spec = variant.partition(":")
    if not (offer.isascii() and offer.isdigit()) or units < 1:
        raise InvalidRequest(f"{variant!r}: a line of a purchase is `offerId:specId` with at least one unit.")
    return {"offerId": int(offer), **({"specId": spec} if spec else {}), "quantity": units}


def _address(act: Act) -> dict[str, Any]:
    number = act.parameters.get("address_id", "")
    if number.isascii() and number.isdigit():
        return {"addressId": int(number)}
    try:
        given = decode(act.parameters.get("recipient", "").encode())
    except DataError:
        given = None
    if not isinstance(given, dict):
        raise InvalidRequest("A purchase needs `address_id`, or `recipient`: JSON of the fields of `addressParam`.")
    return given


def orders_made(answer: Answer) -> list[str]:
    """Return the numbers of the orders that one call made: it splits by depot, and then fills a list."""
    result = body_of(answer).get("result")
    if not isinstance(result, dict):
        return []
    rows = rows_of(result, "orderList", CREATE, optional=True)
    return [number for number in (text_of(row, "orderId") for row in [result, *rows]) if number]


async def orders_under(channel: Channel, number: str) -> list[str]:
    """Return the purchase orders that carry our number, by both tables of the buyer's list."""
    found: list[str] = []
    for old in (False, True):
        call = read(_BUYERS, {"outOrderId": number, "isHis": old, "page": "1", "pageSize": "20"})
        rows = rows_of(body_of(await channel.send(call)), "result", _BUYERS, optional=True)
        bases = [row["baseInfo"] for row in rows if isinstance(row.get("baseInfo"), dict)]
        found += [text_of(base, "idOfStr") or text_of(base, "id") for base in bases]
        if found:
            break
    return found


async def link_sale(channel: Channel, link: SaleLink) -> None:
    """Tell the platform which sale a line of a purchase is for."""
    if channel.store.role is not Role.buyer:
        raise InvalidRequest("link_sale: only the buyer's side of an order links it with a sale.")
    relation = {
        "orderId": link.sale_line_id,
        "parentOrderId": link.sale_order_id,
        "purchaseOrderId": link.line_id,
        "purchaseParentOrderId": link.order_id,
    }
    await channel.send(write("order.relation.write", {"orderRelationParam": relation}, CROSS_BORDER, repeatable=True))
