"""Persons, whom Xiaohongshu gives as ciphertext (API.md sections 4.4 and 7).

Ciphertext and the platform's own masks are stored; clear words come one field at a time, when a person asks, and go
nowhere but into the canonical recipient.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from adapters.xiaohongshu.client import read
from adapters.xiaohongshu.faults import explain
from adapters.xiaohongshu.payloads import (
    OrderRow,
    Receiver,
    content_of,
    fields_at_fault,
    object_of,
    receiver_rows,
    rows_of,
    text_of,
)
from gateway.errors import DataError, InvalidRequest, MissingScope, NotFound, PlatformError
from gateway.model.order import Order, Recipient
from gateway.ports import Call, Channel

_RECEIVERS, _MASK, _OPEN = "order.getOrderReceiverInfo", "data.batchDesensitise", "data.batchDecrypt"
_INDEX = "data.batchIndex"
_AT_ONCE = 100
_VIEW, _OTHER = "1", "4"  # what the platform wants to know of the purpose

SEALED: Mapping[str, str] = {"name": "receiverName", "phone": "receiverPhone", "full_address": "receiverAddress"}
"""Canonical field -> the platform's, which holds ciphertext."""

PLAIN_TYPES: Mapping[str, int] = {"full_address": 1, "name": 2, "phone": 3}
"""Canonical field -> the type that `data.batchIndex` knows it by."""

Masks = Mapping[tuple[str, str], str]
"""(order id, ciphertext) -> the platform's masked words."""


def receivers_call(orders: Sequence[tuple[str, str]], *, exchange: bool) -> Call:
    """Return the call for the receivers of orders (id, openAddressId) that wait to be shipped."""
    queries = [{"orderId": order_id, "openAddressId": token} for order_id, token in orders]
    return read(_RECEIVERS, {"receiverQueries": queries, "isReturn": exchange})


def sealed_call(method: str, sealed: Sequence[tuple[str, str]], user: str) -> Call:
    """Return a call that masks or opens ciphertexts (order id, ciphertext), at most 100 of them."""
    infos = [{"dataTag": order_id, "encryptedData": text} for order_id, text in sealed]
    purpose = _VIEW if method == _OPEN else _OTHER
    return read(method, {"baseInfos": infos, "actionType": purpose, "appUserId": user})


def sealed_of(receiver: Receiver) -> dict[str, str]:
    """Return the ciphertexts of a receiver by canonical field."""
    told: Mapping[str, Any] = receiver
    return {field: told[name] for field, name in SEALED.items() if told.get(name)}


async def read_receivers(channel: Channel, rows: Sequence[OrderRow]) -> dict[str, Receiver]:
    """Return the receivers of orders by id. What the platform refuses stays unknown: the order is worth more."""
    found: dict[str, Receiver] = {}
    for exchange in (False, True):
        asked = [
            (row.get("orderId") or "", row.get("openAddressId") or "")
            for row in rows
            if (row.get("orderType") == "5") is exchange and row.get("openAddressId")
        ]
        try:
            found |= await _receivers(channel, asked, exchange=exchange) if asked else {}
        except (PlatformError, MissingScope, DataError):
            continue
    return found


async def _receivers(channel: Channel, asked: Sequence[tuple[str, str]], *, exchange: bool) -> dict[str, Receiver]:
    content = content_of(await channel.send(receivers_call(asked, exchange=exchange)))
    listed = content.get("receiverInfos") if isinstance(content, dict) else None
    try:
        receivers = receiver_rows().validate_python(listed or [])
    except ValidationError as fault:
        raise DataError(f"Xiaohongshu's receivers cannot be read: {fields_at_fault(fault)}") from None
    # not matched: the buyer has moved on to another address, which the next reading of the order tells
    return {one.get("orderId") or "": one for one in receivers if one.get("matched") is not False}


async def read_masks(channel: Channel, receivers: Mapping[str, Receiver]) -> Masks:
    """Return the masked words of all ciphertexts of these receivers; none where the platform refuses."""
    sealed = [(order_id, text) for order_id, one in receivers.items() for text in sealed_of(one).values()]
    masks: dict[tuple[str, str], str] = {}
    for start in range(0, len(sealed), _AT_ONCE):
        try:
            answer = await channel.send(sealed_call(_MASK, sealed[start : start + _AT_ONCE], channel.store.id))
            rows = rows_of(object_of(answer, _MASK), "desensitiseInfoList", _MASK)
        except (PlatformError, MissingScope, DataError):
            break
        for row in rows:
            if text_of(row, "desensitisedData"):
                masks[text_of(row, "dataTag"), text_of(row, "encryptedData")] = text_of(row, "desensitisedData")
    return masks


async def open_recipient(channel: Channel, order: Order, fields: Sequence[str]) -> Recipient:
    """Return the recipient with ``fields`` in clear. The platform counts each field that is opened.

    Raises InvalidRequest for a field that is never sealed, NotFound when no ciphertext is known, Refused when the
    quota is used up.
    """
    unknown = [field for field in fields if field not in SEALED]
    if unknown:
        raise InvalidRequest(f"Xiaohongshu seals {', '.join(SEALED)}; there is no {', '.join(unknown)} to open.")
    recipient = order.recipient or Recipient()
    sealed = recipient.encrypted
    if not all(sealed.get(field) for field in fields):
        raise NotFound(
            f"No ciphertext is known of order {order.order_id}: it was never read while waiting to be shipped."
        )
    asked = [(order.order_id, sealed[field]) for field in fields]
    answer = await channel.send(sealed_call(_OPEN, asked, channel.store.id))
    told = {text_of(row, "encryptedData"): row for row in rows_of(object_of(answer, _OPEN), "dataInfoList", _OPEN)}
    clear = {field: _clear(told.get(sealed[field]), field) for field in fields}
    return recipient.model_copy(update={**clear, "masked": recipient.masked - set(fields)})


def _clear(row: Any, field: str) -> str:
    code = text_of(row, "errorCode")
    if code not in {"", "0"}:
        raise explain(f"Xiaohongshu did not open the {field}", code, text_of(row, "errorMsg"))
    text = text_of(row, "decryptedData")
    if field == "phone" and isinstance(row, dict) and row.get("virtualNumberFlag"):
        parts = (text_of(row, "virtualPhoneNumber"), text_of(row, "virtualExtendNumber"))
        text = "-".join(part for part in parts if part) or text_of(row, "virtualNumber") or text
    if not text:
        raise DataError(f"Xiaohongshu's answer does not hold the {field} that was asked for. Ask again.")
    return text


async def search_indexes(channel: Channel, words: Sequence[tuple[str, str]]) -> list[str]:
    """Return the search index of each (field, clear word): a stable part of every ciphertext of that very word.

    Raises InvalidRequest for a field that has none.
    """
    if any(field not in PLAIN_TYPES for field, _ in words):
        raise InvalidRequest(f"Xiaohongshu indexes {', '.join(PLAIN_TYPES)} only.")
    asked = [{"plainText": text, "type": PLAIN_TYPES[field]} for field, text in words]
    answer = await channel.send(read(_INDEX, {"indexBaseInfoList": asked}))
    rows = rows_of(object_of(answer, _INDEX), "indexInfoList", _INDEX)
    told = {text_of(row, "plainText"): text_of(row, "searchIndex") for row in rows}
    return [told.get(text, "") for _, text in words]
