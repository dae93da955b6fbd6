"""Pushes (API.md section 9): a form whose signature covers the message as text, and the messages that never arrived.

Order is not kept and duplicates happen, so a message only says what to read anew, and from which side of the order.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

from adapters.alibaba_1688.after_sales import KEY
from adapters.alibaba_1688.client import PUSH, form, read, signature
from adapters.alibaba_1688.payloads import body_of, dict_of, rows_of, text_of
from adapters.alibaba_1688.values import Unmappable, instant
from gateway.errors import BadSignature, DataError
from gateway.model.store import App, AppSecret, Role
from gateway.ports import Answer, Channel, Hint, LostPushes
from gateway.transport.json import decode, encode

TAKEN = Answer(200, {"Content-Type": "text/plain"}, b"success")
"""The answer to a push: any 2xx; the body is free."""

_LOST, _CONFIRM = "push.query.messageList", "push.message.confirm"
_MOST = 200
_ORDERS = ("ORDER_", "LOGISTICS_")
_REFUNDS = ("ORDER_BUYER_VIEW_ORDER_BUYER_REFUND_IN_SALES", "ORDER_BUYER_VIEW_ORDER_REFUND_AFTER_SALES")
_LATEST = 10**14


def verify(app: App, secret: AppSecret, url: str, body: bytes) -> None:
    """Return when ``_aop_signature`` is that of the message under the app's key. Raises BadSignature."""
    told = _form(body)
    key = secret.push_key or secret.sign_key
    expected = signature(key, "", [(name, value) for name, value in told.items() if name != "_aop_signature"])
    given = told.get("_aop_signature", "").encode("utf-8", "replace")
    if "message" not in told or not hmac.compare_digest(expected.encode(), given):
        raise BadSignature(
            f"The push for app {app.id} is not signed by 1688 as it came to {url}. If all are refused, compare the "
            "app's secret with the platform's console."
        )


def _form(body: bytes) -> dict[str, str]:
    try:
        told = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=20, errors="strict")
    except ValueError:
        return {}
    return {name: values[0] for name, values in told.items() if len(values) == 1}


def hints(body: bytes) -> list[Hint]:
    """Return what a push says. ``msgId`` is the platform's own mark of an event.

    Raises DataError when the body is no form with a JSON object as its message.
    """
    told = _form(body).get("message")
    if told is None:
        raise DataError("The body of a push is no form with a `message`. It is kept as it came.")
    message = decode(told.encode())
    if not isinstance(message, dict):
        raise DataError("The message of a push is JSON, but no object. It is kept as it came.")
    return [_hint(message, told)]


def _hint(message: dict[str, Any], told: str) -> Hint:
    data = message.get("data")
    data = data if isinstance(data, dict) else {}
    kind, shop = text_of(message, "type"), text_of(message, "userInfo")
    refund = text_of(data, "refundId")
    known = kind.startswith(_ORDERS)
    return Hint(
        event_id=text_of(message, "msgId") or hashlib.sha256(told.encode()).hexdigest(),
        kind=kind,
        shop=shop or None,
        role=_side(kind, shop, data),
        orders=tuple(dict.fromkeys(_orders(data))) if known else (),
        requests=((KEY + refund if refund.isdigit() else refund),) if known and refund else (),
        changed_at=_moment(message, data),
    )


def _orders(data: dict[str, Any]) -> Iterator[str]:
    """Yield the orders a message names: itself, in a list of a batch payment, or within a parcel."""
    inner = [value for value in data.values() if isinstance(value, dict)]
    listed = [
        row
        for part in (data, *inner)
        for value in part.values()
        if isinstance(value, list)
        for row in value
        if isinstance(row, dict)
    ]
    return (number for number in (text_of(part, "orderId") for part in (data, *inner, *listed)) if number)


def _side(kind: str, shop: str, data: dict[str, Any]) -> Role | None:
    """Return which side of the order is told: by the members it names, else by the topic."""
    mine = [role for role in Role if shop and text_of(data, f"{role}MemberId") == shop]
    if len(mine) == 1:
        return mine[0]
    return Role.buyer if "BUYER_VIEW" in kind else None


def _moment(message: dict[str, Any], data: dict[str, Any]) -> datetime | None:
    for part in (data, *(value for value in data.values() if isinstance(value, dict))):
        for name in ("msgSendTime", "changeTime"):
            try:
                at = instant(text_of(part, name), name)
            except Unmappable:
                continue
            if at is not None:
                return at
    born = message.get("gmtBorn")
    if not isinstance(born, int) or isinstance(born, bool) or not 0 < born < _LATEST:
        return None
    return datetime.fromtimestamp(born // 1000, UTC)


async def lost_pushes(channel: Channel) -> LostPushes:
    """Return the oldest messages that were not delivered, by the call that confirms nothing.

    Confirming moves the pages up, so it is always the first that is read.
    """
    call = read(_LOST, {"page": "1", "pageSize": str(_MOST)}, PUSH, of_app=True)
    page = dict_of(body_of(await channel.send(call)), "pushMessagePage", _LOST)
    rows = rows_of(page, "datas", _LOST, optional=True)
    numbers = [int(number) for number in (text_of(row, "msgId") for row in rows) if number.isdigit()]
    total = text_of(page, "totalCount")
    more = total.isdigit() and int(total) > len(rows)
    bodies = [form({"message": encode(row).decode()}) for row in rows]
    return LostPushes(bodies, encode(numbers).decode() if numbers else None, more)


async def confirm_lost_pushes(channel: Channel, marker: str) -> None:
    """Let 1688 forget the messages whose numbers ``marker`` lists."""
    await channel.send(read(_CONFIRM, {"msgIdList": marker}, PUSH, of_app=True))
