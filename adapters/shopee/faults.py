"""What Shopee's error codes mean for the caller (API.md sections 3 to 8).

The code decides, not the HTTP status; a code is compared without blanks and case, whole first, then by its last
segment. Some codes cover several situations, so known texts of the message refine them. A code nobody has mapped is
a refusal: never a success.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from pydantic import ValidationError

from adapters.shopee import payloads
from adapters.shopee.pages import without_orders
from gateway.errors import (
    AuthError,
    Conflict,
    GatewayError,
    InvalidRequest,
    MissingScope,
    NotFound,
    OutcomeUnknown,
    PlatformError,
    RateLimited,
    Refused,
    StoreDisconnected,
    TokenExpired,
)
from gateway.ports import Answer, Call
from gateway.transport.redaction import redact_text

Make = Callable[[str, str, str], GatewayError]
"""(text, code, request id) -> the error."""

DAILY_TOTAL_WAIT = 3600
"""The daily total is free again after 00:00 UTC+8; asking once an hour finds that out without reading a clock."""

_FLAT = frozenset({"order.get_estimate_cancel_value"})
"""Calls whose documented answer carries no envelope at all."""


def _unknown(text: str, code: str, request_id: str) -> GatewayError:
    return OutcomeUnknown(f"{text} [code {code}, request_id {request_id}]")


def _daily(text: str, code: str, request_id: str) -> GatewayError:
    return RateLimited(f"{text} [request_id {request_id}]", retry_after=DAILY_TOTAL_WAIT, code=code)


def _plain(kind: type[PlatformError | AuthError]) -> Make:
    return lambda text, code, request_id: kind(text, code=code, request_id=request_id)


refused, malformed, missing, conflict = map(_plain, (Refused, InvalidRequest, NotFound, Conflict))
expired, disconnected, unscoped = map(_plain, (TokenExpired, StoreDisconnected, MissingScope))

Row = tuple[Make, str]
"""How the error is made, and what to do about it."""

_READ_ANEW = "Read the order anew and decide again."
_AUTHORISE = "A person must authorise the shop again: `gateway stores connect`."
_OUR_FAULT = "The request was built wrongly: report it with the request_id."
_APP_FIX = "Put the app's partner_id and partner_key right, then check with `gateway stores check`."
_SCOPE = "Ask for the permission in the Open Platform console, or leave this call out for the shop."
_PROBE = "Ask the platform what it says now before repeating."
_RETURN_ANEW = "Read the return anew and decide again."

CODES: Mapping[str, Row] = {
    # the gateway of the platform (section 4)
    "error_sign": (disconnected, f"The signature was not accepted, so the key is not this app's. {_APP_FIX}"),
    "error_auth": (expired, "Refresh the token once and repeat."),
    "invalid_acceess_token": (expired, "Refresh the token once and repeat."),
    "invalid_access_token": (expired, "Refresh the token once and repeat."),
    "invalid_partner_id": (disconnected, f"The platform does not know the app. {_APP_FIX}"),
    "partner_shop_no_link": (disconnected, _AUTHORISE),
    "shop_no_linked": (disconnected, _AUTHORISE),
    "shop_banned": (disconnected, "The platform has banned the shop. Only its owner can settle that with Shopee."),
    "error_kyc_auth": (disconnected, "The seller must finish the registration in the Seller Centre."),
    "error_param": (malformed, _OUR_FAULT),
    "error_partner_key_expired": (disconnected, f"The partner key must be reset in the console. {_APP_FIX}"),
    "error_api_permission": (unscoped, _SCOPE),
    "error_ashop_api_permission": (unscoped, _SCOPE),
    "error_api_call_restricted": (unscoped, _SCOPE),
    "api_suspended": (malformed, "This is a call of API v1, which is gone. Report it."),
    "source_ip_undeclared": (unscoped, "Declare this machine's public address in the Open Platform console."),
    # business errors of most pages (section 4)
    "error_not_found": (missing, "Check the number and the shop it belongs to."),
    "error_permission": (unscoped, _SCOPE),
    "error_server": (_unknown, _PROBE),
    "error_network": (_unknown, _PROBE),
    "server_error": (_unknown, _PROBE),
    "error_data": (malformed, _OUR_FAULT),
    "error_shop": (disconnected, f"The platform does not know this shop. {_AUTHORISE}"),
    "invalid_shop": (disconnected, f"The platform does not know this shop. {_AUTHORISE}"),
    # tokens (section 3)
    "invalid_code": (disconnected, f"The authorisation code is used, old or foreign. {_AUTHORISE}"),
    "invalid_shop_id": (disconnected, f"The code is not for this shop. {_AUTHORISE}"),
    "invalid_main_acount_id": (disconnected, f"The code is not for this main account. {_AUTHORISE}"),
    "invalid_main_account_id": (disconnected, f"The code is not for this main account. {_AUTHORISE}"),
    "refresh_token_expired": (disconnected, _AUTHORISE),
    "error_shop_refresh_token": (disconnected, _AUTHORISE),
    "error_merchant_refresh_token": (disconnected, _AUTHORISE),
    "shop_access_expired": (disconnected, _AUTHORISE),
    "merchant_no_linked": (disconnected, _AUTHORISE),
    "merchant_access_expired": (disconnected, _AUTHORISE),
    # orders and cancellation (sections 5, 6)
    "order.order_list_invalid_time": (malformed, "A list may span 15 days at most: split the window."),
    "order.error_limit": (conflict, f"The order can not be cancelled: shipped, or cancelled already. {_READ_ANEW}"),
    "order.error_param": (malformed, _OUR_FAULT),
    "order.error_permission": (disconnected, _AUTHORISE),
    "order.cancel_order_invalid_status": (conflict, f"No cancellation waits for an answer. {_READ_ANEW}"),
    "order.order_status_invalid": (conflict, f"No cancellation waits for an answer. {_READ_ANEW}"),
    "logistics.cancel_forder_failed": (refused, "The courier did not give the parcel up: ship, or ask support."),
    # shipping (section 7)
    "logistics.error_param": (malformed, _OUR_FAULT),
    "logistics.error_order_state": (conflict, _READ_ANEW),
    "error_status": (conflict, _READ_ANEW),
    # returns (section 8)
    "error_return_status": (conflict, _RETURN_ANEW),
    "error_negotiation_status": (conflict, _RETURN_ANEW),
    "error_no_buyer_offer": (conflict, f"The buyer has no offer on the table. {_RETURN_ANEW}"),
    "error_ongoing_dispute": (conflict, f"A dispute is running already. {_RETURN_ANEW}"),
    "err_data": (refused, "An own offer can not be accepted: wait for the buyer's answer."),
    "error_validation": (refused, "The platform's warehouse checks this return; the seller can not answer it."),
    "error_return_request_type": (refused, "Only normal returns can be answered so, not in transit or on the spot."),
    "rraoc_refund_not_allowed": (refused, "Returns after completion can not be refunded at once: offer or dispute."),
    "returnsn.illegal": (conflict, f"The return's status allows no dispute. {_RETURN_ANEW}"),
    "returns.return_not_found": (missing, "Check the return number and the shop it belongs to."),
    "dispute.request.param.error": (malformed, _OUR_FAULT),
    "dispute.cancel.ineligible": (conflict, f"No compensation claim waits. {_RETURN_ANEW}"),
    "returns.dispute_is_dry_run": (refused, "The dispute was only tried, not handed in: the app is in test mode."),
    "proof.overdue": (refused, "The time for evidence is over."),
    "no.proof": (malformed, "Evidence needs at least one picture."),
    "number.error": (malformed, "Too many or too few pictures: read the reason's evidence list."),
    "format.unsupport": (malformed, "Use the platform's own picture links, jpg or png up to 10 MB."),
    "format.unsupported": (malformed, "Use the platform's own picture links, jpg or png up to 10 MB."),
    "image.upload.fail": (refused, "The picture was not taken: try another file."),
}
"""Every documented code but those of rate limits, which need the answer's headers."""

_MESSAGES: Mapping[str, tuple[tuple[str, Row], ...]] = {
    "error_auth": (
        ("access_token", CODES["error_auth"]),
        ("refresh_token", (disconnected, _AUTHORISE)),
        ("no permission", (unscoped, _SCOPE)),
        ("invalid code", CODES["invalid_code"]),
        ("system error", (_unknown, _PROBE)),
        ("deleted", (disconnected, f"The app was deleted in the console. {_APP_FIX}")),
        ("partner", (disconnected, f"The platform does not know the app or the shop. {_APP_FIX}")),
    ),
    "error_param": (
        ("return sn or id is invalid", CODES["returns.return_not_found"]),
        ("is not found", CODES["error_not_found"]),
        ("timestamp is expired", (malformed, "This machine's clock is more than 5 minutes off: set it right.")),
        ("offline or the request path", (malformed, "The platform has no such call: report it with the request_id.")),
    ),
    "order.error_param": (("warehouse", (refused, "Shopee's warehouse ships this order: ask support to stop it.")),),
    "logistics.error_param": (
        ("not ready to ship", (conflict, _READ_ANEW)),
        ("has been shipped", (conflict, _READ_ANEW)),
    ),
    "error_data": (("doesn't exist", CODES["returns.return_not_found"]),),
    "dispute.request.param.error": (("not queried", CODES["returns.return_not_found"]),),
    "server_error": (("invalid", (malformed, _OUR_FAULT)),),
}


def classify(call: Call, answer: Answer) -> GatewayError | None:
    """Return the error an answer means, None for success. Never raises, whatever the body (API.md section 4).

    A code of a single blank or a dash is "no error", as on some success samples.
    """
    if answer.status == 429:
        return RateLimited(
            f"Shopee limits {call.operation}: too many calls. Nothing was applied; wait, then repeat.",
            retry_after=_retry_after(answer.headers),
            code="http_429",
        )
    if answer.status >= 500:
        return OutcomeUnknown(f"Shopee answered HTTP {answer.status} to {call.operation}. {_PROBE}")
    try:
        body = _envelope_of(answer.body)
    except (ValidationError, ValueError, RecursionError):
        return OutcomeUnknown(
            f"Shopee's answer to {call.operation} (HTTP {answer.status}) is cut off or not its JSON. {_PROBE}"
        )
    code, message, request_id = (_word(body.get(name)) for name in ("error", "message", "request_id"))
    if code in {"", "-"}:
        return _without_code(call, answer, request_id, bare="error" not in body and not request_id)
    return _from_code(call, answer, code, message, request_id)


def _envelope_of(body: bytes) -> payloads.Envelope:
    """Return what stands beside the content. The orders of a page are passed over: who reads them looks at them.

    Where the envelope does not show without them, the whole answer is read. Raises ValidationError.
    """
    rest = without_orders(body)
    if rest is not None:
        with suppress(ValidationError):
            envelope = payloads.envelope().validate_json(rest)
            if "error" in envelope:
                return envelope
    return payloads.envelope().validate_json(body)


def _from_code(call: Call, answer: Answer, code: str, message: str, request_id: str) -> GatewayError:
    key = "".join(code.split()).lower()
    last = key.rsplit(".", 1)[-1]
    said = f"Shopee refused {call.operation} with {code}: {redact_text(message).rstrip('. ') or 'no text'}"
    if last == "error_rate_limit":
        text = f"{said}. Too many calls; nothing was applied. Wait, then repeat."
        return RateLimited(text, retry_after=_retry_after(answer.headers), code=code)
    if key in {"error_limit", "common.error_limit"}:
        return _daily(f"{said}. The app's calls of today are used up until 00:00 UTC+8.", code, request_id)
    row = _refined(key, message) or _refined(last, message)
    if row is None:
        text = f"{said}. This code is not in the error table: treat it as a refusal and report it."
        return Refused(text, code=code, request_id=request_id)
    make, advice = row
    if make is expired and not call.refreshable:
        make, advice = disconnected, _AUTHORISE
    return make(f"{said}. {advice}", code, request_id)


def _refined(key: str, message: str) -> Row | None:
    lowered = message.lower()
    for part, row in _MESSAGES.get(key, ()):
        if part in lowered:
            return row
    return CODES.get(key)


def _without_code(call: Call, answer: Answer, request_id: str, *, bare: bool) -> GatewayError | None:
    if answer.status >= 400:
        return Refused(
            f"Shopee answered HTTP {answer.status} to {call.operation} without an error code. {_OUR_FAULT}",
            code=f"http_{answer.status}",
            request_id=request_id,
        )
    if answer.status >= 300 or (bare and call.operation not in _FLAT):
        return OutcomeUnknown(
            f"The answer to {call.operation} (HTTP {answer.status}) carries neither code nor request_id, "
            f"so it is not Shopee's own. {_PROBE}"
        )
    return None


def _word(value: Any) -> str:
    if value is None or value is False or value == 0:
        return ""
    return str(value).strip()[:300]


def _retry_after(headers: Mapping[str, str]) -> int | None:
    for name, value in headers.items():
        if name.lower() == "retry-after" and value.strip().isascii() and value.strip().isdigit():
            return int(value.strip()[:9])
    return None
