"""What the platform takes now: reasons to cancel, reasons to reject, the sum of a refund (API.md sections 4.3, 5.6).

Reason names change and differ by status, so they are read right before they are used.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adapters.tiktok_shop import words
from adapters.tiktok_shop.client import call
from adapters.tiktok_shop.payloads import content_of, rows_of, text_of
from gateway.errors import Conflict, DataError, InvalidRequest, MissingScope, NotFound, PlatformError
from gateway.ports import Act, Asked, Channel, RejectReason
from gateway.transport.redaction import redact_text


async def reject_reasons(channel: Channel, request_id: str) -> Sequence[RejectReason]:
    """Return the reasons for rejecting a cancellation or a return now. Raises the error tree."""
    asked = call("aftersale.reject_reasons", query={"return_or_cancel_id": request_id, "locale": "ja-JP"})
    rows = rows_of(content_of(await channel.send(asked), asked.operation), "reasons", asked.operation)
    comment = Asked("text", "words to the buyer", required=False)
    return [
        RejectReason(text_of(row, "name"), text_of(row, "text"), (comment,))
        for row in rows
        if isinstance(row, dict) and text_of(row, "name")
    ]


async def reason_for(channel: Channel, act: Act) -> str:
    """Return the name under which the platform takes the act's reason for cancelling the order now.

    Names differ between unpaid and paid orders, so one of the same meaning stands in for one that does not fit.
    Where eligibility cannot be asked, or says nothing, the reason goes as it is. Raises Conflict when the order cannot
    be cancelled, InvalidRequest when the reason is none, or none that is taken now.
    """
    if not act.reason:
        raise InvalidRequest("Closing an order needs a reason: " + ", ".join(words.SELLER_CANCEL_REASON))
    try:
        told = await _eligibility(channel, act.order_id)
    except NotFound:
        raise
    except (PlatformError, MissingScope):
        return act.reason
    names = list(dict.fromkeys(name for row in told if row.get("eligible") for name in _names(row)))
    if told and not any(row.get("eligible") for row in told):
        why = next(
            (text_of(row, "ineligible_reason") for row in told if row.get("ineligible_reason")), "no reason told"
        )
        code = next((text_of(row, "ineligible_code") for row in told if row.get("ineligible_code")), "")
        raise Conflict(
            f"TikTok Shop lets nobody cancel order {act.order_id} now: {redact_text(why)}. Read it anew.", code=code
        )
    if act.reason in names or not names:
        return act.reason
    meaning = words.SELLER_CANCEL_REASON.get(act.reason)
    alike = [name for name in names if meaning is not None and words.SELLER_CANCEL_REASON.get(name) is meaning]
    if not alike:
        raise InvalidRequest(f"TikTok Shop does not take the reason {act.reason} now. It takes {', '.join(names)}.")
    return alike[0]


async def _eligibility(channel: Channel, order_id: str) -> list[dict[str, Any]]:
    query = {"initiate_aftersale_user": "SELLER", "request_types": "CANCEL"}
    asked = call("aftersale.eligibility", order_id, query=query)
    skus = rows_of(content_of(await channel.send(asked), asked.operation), "sku_eligibility", asked.operation)
    rows = [row for sku in skus if isinstance(sku, dict) for row in sku.get("line_item_eligibility") or ()]
    return [row for row in rows if isinstance(row, dict) and row.get("request_type") in {"CANCEL", None}]


def _names(row: dict[str, Any]) -> list[str]:
    names = row.get("available_reason_names")
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


async def calculated(
    channel: Channel, order_id: str, request_type: str, reason: str, units: Sequence[str]
) -> tuple[str, str]:
    """Return what the platform would pay back, and its currency. Raises the error tree."""
    body = {"order_id": order_id, "request_type": request_type, "reason_name": reason}
    asked = call("refund.calculate", body={**body, **({"order_line_item_ids": list(units)} if units else {})})
    told = content_of(await channel.send(asked), asked.operation).get("order_refund_amount")
    total, currency = (text_of(told, "refund_total"), text_of(told, "currency")) if isinstance(told, dict) else ("", "")
    if not total or not currency:
        raise DataError("TikTok Shop does not tell what it would refund, so nothing was asked for. Try again.")
    return total, currency
