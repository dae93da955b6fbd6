"""Pushes of Xiaohongshu: who signed them, and the plain facts in them (API.md section 9).

The signature covers the address, the app and the time, but not the body: what a push says is never more than a hint
to read something anew.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from adapters.xiaohongshu.payloads import instant, text_of, whole_of
from gateway.errors import BadSignature, DataError
from gateway.model.store import App, AppSecret
from gateway.ports import Answer, Hint
from gateway.transport.json import decode

TAKEN = Answer(200, {"Content-Type": "application/json"}, b'{"success":true,"error_code":0,"error_msg":""}')

_ORDERS = frozenset({
    "msg_fulfillment_status_change", "msg_fulfillment_receiver_change", "msg_fulfillment_seller_remark_change",
    "msg_fulfillment_delivery_time_change", "msg_fulfillment_soon_cancel",
})  # fmt: skip
_REQUESTS = frozenset({
    "msg_after_sale_create", "msg_after_sale_update", "msg_after_sale_transfer", "msg_after_sale_audit_pass",
    "msg_after_sale_audit_reject", "msg_after_sale_confirm_receive", "msg_after_sale_reject_receive",
    "msg_after_sale_exchange_ship", "msg_after_sale_closed", "msg_after_sale_refund_finished",
})  # fmt: skip
_TELLING = ("orderStatus", "packageStatus", "openAddressId", "promiseLastShipTime", "soonCancelTime", "returnType",
            "refundFee", "sellerRemarkContent", "sellerMarkNote")  # fmt: skip
"""Fields that tell two events on one thing at one millisecond apart."""


def signature(url: str, app_key: str, stamp: str, secret: AppSecret) -> str:
    """Return the sign of a push to ``url``, whose own query parameters are signed along, decoded and sorted."""
    parts = urlsplit(url)
    named = {**dict(parse_qsl(parts.query, keep_blank_values=True)), "app-key": app_key, "timestamp": stamp}
    joined = "&".join(f"{name}={named[name]}" for name in sorted(named))
    said = f"{parts.path}?{joined}{secret.push_key or secret.sign_key}"
    return hashlib.md5(said.encode("utf-8", "replace")).hexdigest()  # noqa: S324 - the platform's own choice


def verify(app: App, secret: AppSecret, url: str, headers: Mapping[str, str], body: bytes) -> None:
    """Return when Xiaohongshu signed a push for ``url`` and this app. Raises BadSignature.

    The test that the platform sends when an address is saved names nothing and need not be signed.
    """
    if body.strip() and len(body) < 100 and _read(body) == {"test": True}:
        return
    key, stamp, given = (headers.get(name, "") for name in ("app-key", "timestamp", "sign"))
    expected = signature(url, app.key, stamp, secret)
    same = hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))
    if not same or key != app.key:
        raise BadSignature(
            f"The push for app {app.id} is not signed by Xiaohongshu for its address. If all are refused, compare "
            "`public_url` and the app's secret with the open platform's console."
        )


def hints(body: bytes) -> list[Hint]:
    """Return one hint a message, none for the test of an address. Raises DataError when the body is neither."""
    told = decode(body)
    if isinstance(told, dict) and told.get("test") is True:
        return []
    if not isinstance(told, list):
        raise DataError("The body of a push from Xiaohongshu is a JSON array of messages; this is none. It is kept.")
    return [_hint(message) for message in told if isinstance(message, dict)]


def _hint(message: Mapping[str, Any]) -> Hint:
    tag, shop = text_of(message, "msgTag"), text_of(message, "sellerId")
    data = _inner(message.get("data"))
    order = text_of(data, "orderId") or text_of(data, "packageId")
    request = text_of(data, "returnsId")
    changed = whole_of(data, "updateTime")
    if changed is not None and (order or request):
        told = "/".join([order, request, *(str(data[name]) for name in _TELLING if name in data), str(changed)])
    else:
        told = hashlib.sha256(repr(sorted(message.items())).encode("utf-8", "replace")).hexdigest()
    known = tag in _ORDERS or tag in _REQUESTS
    return Hint(
        event_id=f"{shop}/{tag}/{told}",
        kind=tag or "untagged",
        shop=shop or None,
        orders=(order,) if known and order else (),
        requests=(request,) if tag in _REQUESTS and request else (),
        changed_at=instant(changed),
    )


def _inner(data: Any) -> dict[str, Any]:
    """Return the object inside the text ``data``; empty when it is none: then there is nothing to read anew."""
    found = _read(data.encode("utf-8", "replace")) if isinstance(data, str) else data
    return found if isinstance(found, dict) else {}


def _read(body: bytes) -> Any:
    try:
        return decode(body)
    except DataError:
        return None
