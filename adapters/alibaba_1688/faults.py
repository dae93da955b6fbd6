"""What 1688's error codes mean for the caller, out of six envelopes (API.md section 4).

The platform's gateway says `error_code`, with HTTP 400. Business errors come with HTTP 200, as `errorCode`, `code` or
in a nested `result`; a false `success` anywhere is an error even without a code. Numbers like 5001 mean another thing
in each call. A code nobody has mapped is a refusal: never a success.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gateway.errors import (
    AuthError,
    Conflict,
    DataError,
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
from gateway.transport.json import decode
from gateway.transport.redaction import redact_text

Make = Callable[[str, str, str], GatewayError]
"""(text, code, request id) -> the error."""

QOS_WAIT = 10
"""Seconds; what clients of this platform wait first (section 4.3)."""
TOO_FAST_WAIT = 10
"""Seconds after its creation before an order can be cancelled (section 5.4)."""


def _plain(kind: type[PlatformError | AuthError]) -> Make:
    return lambda text, code, request_id: kind(text, code=code, request_id=request_id)


def _unclear(text: str, code: str, request_id: str) -> GatewayError:
    return OutcomeUnknown(f"{text} [code {code}, request_id {request_id}]")


def _wait(seconds: int) -> Make:
    def make(text: str, code: str, request_id: str) -> GatewayError:
        return RateLimited(f"{text} [request_id {request_id}]", retry_after=seconds, code=code)

    return make


refused, malformed, missing, conflict = map(_plain, (Refused, InvalidRequest, NotFound, Conflict))
expired, disconnected, unscoped = map(_plain, (TokenExpired, StoreDisconnected, MissingScope))

Row = tuple[Make, str]
"""How the error is made, and what to do about it."""

_ORDER_ANEW = "Read the order anew and decide again."
_REFUND_ANEW = "Read the refund anew and decide again."
_AUTHORISE = "A person must authorise the account again: `gateway stores connect`."
_OUR_FAULT = "The request was built wrongly: report it with the request_id."
_APP_FIX = "Put the app's key and secret right, then check with `gateway stores check`."
_PROBE = "Ask the platform what it says now before repeating."
_CHECK = "Check the number and the account it belongs to."
_SIDE = "The account is not on that side of the order: check which store it belongs to."

_SUPPLIER = "A downstream sale is in the way: read that sale before shipping."
GENERAL: Mapping[str, Row] = {
    # the platform's gateway (section 4.1)
    "gw.AppKeyNotFound": (disconnected, f"The platform does not know the app. {_APP_FIX}"),
    "gw.SignatureInvalid": (
        disconnected,
        f"The signature was not accepted, so the secret is not this app's. {_APP_FIX}",
    ),
    "gw.SignatureMissing": (malformed, _OUR_FAULT),
    "gw.TimestampInvalid": (malformed, "This machine's clock is off: set it right."),
    "gw.APIUnsupported": (malformed, f"The platform has no such call. {_OUR_FAULT}"),
    "gw.APIACLDecline": (unscoped, "Ask for the permission in the Open Platform console, or leave this call out."),
    "gw.ParamMissing": (malformed, _OUR_FAULT),
    "gw.QosAppFrequencyLimit": (_wait(QOS_WAIT), "Too many calls; nothing was applied. Wait, then repeat."),
    "401": (expired, "Refresh the token once and repeat."),
    "400": (malformed, _OUR_FAULT),
    "403": (unscoped, "The app or the account may not call this."),
    "500": (_unclear, _PROBE),
    # orders (section 5.4)
    "ORDER_STATUS_ERROR": (conflict, f"The order does not wait for payment any more. {_ORDER_ANEW}"),
    "400_3": (refused, _SIDE),
    "ORDER_NOT_EXIST": (missing, _CHECK),
    "CLOSE_ORDER_TOO_FAST": (
        _wait(TOO_FAST_WAIT),
        "An order is cancelled 10 seconds after its creation at the soonest.",
    ),
    # lists and logistics (sections 4.3, 10)
    "APPLY_TIME_ERROR": (malformed, "A list of refunds reaches back 730 days: narrow the window."),
    "500_2": (missing, "The order is not shipped yet."),
    "404": (missing, _CHECK),
    "order.nopermission.buyer": (refused, _SIDE),
    "order.createtime.history": (refused, "Traces are kept for a year, and this order is older."),
    "INVALID_PARAM": (refused, "The parameters, or a bill number used too often, were not taken: correct them."),
}
"""Codes that mean the same in every call."""

_CREATE_REFUND: Mapping[str, Row] = {
    "5001": (missing, _CHECK),
    "5002": (refused, _SIDE),
    "5003": (malformed, f"The goods are in another state. {_ORDER_ANEW}"),
    "5004": (refused, "This reason is not offered here: take one of the order's refund reasons."),
    "5005": (refused, "This reason needs pictures: upload them and name their links."),
    "5006": (refused, "This reason returns no shipping fee: ask for 0 of it, or take another reason."),
    "5010": (conflict, f"A refund runs already, or the state does not fit. {_ORDER_ANEW}"),
    "5011": (refused, "The amount does not fit: before shipment exactly what was paid for the lines, never more."),
    "5012": (malformed, "The description has 2 to 150 characters."),
    "5013": (refused, "That many units cannot be sent back."),
    "5100": (refused, _ORDER_ANEW),
}
_RETURN: Mapping[str, Row] = {
    "4001": (expired, "Refresh the token once and repeat."),
    "4002": (malformed, "Carrier and bill number are both needed."),
    "4003": (malformed, "At most 10 pictures, each uploaded before."),
    "4004": (refused, "Carrier and bill number do not belong together: correct them."),
    "4005": (missing, _CHECK),
    "4006": (refused, _SIDE),
    "4007": (conflict, f"The refund's state does not allow it. {_REFUND_ANEW}"),
    "4008": (missing, _CHECK),
    "5001": (_unclear, _PROBE),
    "5002": (_unclear, _PROBE),
    "5003": (_unclear, _PROBE),
}
_OTHER_SIDE: Mapping[str, Row] = {"400_3": (missing, _SIDE)}  # an order that this store, or side of it, has not
BY_CALL: Mapping[str, Mapping[str, Row]] = {
    "alibaba.trade.get.buyerView": _OTHER_SIDE,
    "alibaba.trade.get.sellerView": _OTHER_SIDE,
    "alibaba.trade.createRefund": _CREATE_REFUND,
    "alibaba.trade.getRefundReasonList": _CREATE_REFUND,
    "alibaba.trade.getMaxRefundFee": _CREATE_REFUND,
    "trade.arbitration.apply": _CREATE_REFUND,
    "alibaba.trade.uploadRefundVoucher": {"4000": (malformed, "A picture is a jpg below 1 MB.")},
    "alibaba.trade.refund.returnGoods": _RETURN,
    "alibaba.trade.cancelRefund": _RETURN,
    "alibaba.trade.refund.OpAgreeReturnGoods": _RETURN,
    "alibaba.logistics.OpDeliverySendOrder.offline": {"5001": (conflict, _SUPPLIER), "5002": (conflict, _SUPPLIER)},
}
"""Numbers that each call gives a meaning of its own (sections 5.7, 7.1)."""

_SAYS_SUCCESS = frozenset({
    "alibaba.trade.cancel", "alibaba.trade.createRefund", "alibaba.trade.refund.returnGoods", "trade.arbitration.apply",
    "alibaba.trade.cancelRefund", "order.relation.write", "alibaba.trade.createCrossOrder", "push.message.confirm",
    "alibaba.logistics.OpDeliverySendOrder.offline", "alibaba.trade.uploadRefundVoucher",
})  # fmt: skip
_CREATE_ORDER = "alibaba.trade.createCrossOrder"
_INTERNAL = re.compile(r"4\d{3}")
_HIDDEN_CODE = re.compile(r"errorCode:(\w+)")
_STATE_WORDS = ("状态", "status")


def classify(call: Call, answer: Answer) -> GatewayError | None:
    """Return the error an answer means, None for success. Never raises, whatever the body."""
    if answer.status == 429:
        return RateLimited(
            f"1688 limits {call.operation}: too many calls. Nothing was applied; wait, then repeat.",
            retry_after=_retry_after(answer.headers),
            code="http_429",
        )
    if answer.status >= 500:
        return OutcomeUnknown(f"1688 answered HTTP {answer.status} to {call.operation}. {_PROBE}")
    try:
        body = decode(answer.body)
    except (DataError, RecursionError):
        body = None
    if not isinstance(body, dict):
        return OutcomeUnknown(
            f"1688's answer to {call.operation} (HTTP {answer.status}) is cut off or not its JSON. {_PROBE}"
        )
    failure = _failure(body)
    if failure is None:
        return _without_failure(call, answer, body)
    if call.operation == _CREATE_ORDER and _names_an_order(body):
        return OutcomeUnknown(
            f"1688 answered {call.operation} with an order and no success at once. {_PROBE} "
            "Look for our own order number."
        )
    return _from_code(call, answer, body, *failure)


def _failure(body: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return code and message of an error, None when nothing says that there is one (section 4.2)."""
    layers = _layers(body)
    if body.get("error_code") or body.get("error"):
        return _first(layers, "error_code", "error"), _first(layers, "error_message", "error_description")
    denied = any(_word(layer.get(name)).lower() == "false" for layer in layers for name in ("success", "isSuccess"))
    code = _first(layers, "errorCode", "code") if denied else _first(layers, "errorCode")
    if not denied and code in {"", "0"}:
        return None
    return code, _first(layers, "errorMessage", "errorMsg", "errorInfo", "erroMsg", "message", "extErrorMessage")


def _layers(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the answer and the objects nested in its `result`, outermost first."""
    layers: list[Mapping[str, Any]] = [body]
    while isinstance(inner := layers[-1].get("result"), dict) and len(layers) < 3:
        layers.append(inner)
    return layers


def _first(layers: Sequence[Mapping[str, Any]], *names: str) -> str:
    found = (_word(layer.get(name)) for layer in layers for name in names)
    return next((word for word in found if word), "")


def _word(value: Any) -> str:
    return "" if value is None or isinstance(value, dict | list) else str(value).strip()[:500]


def _without_failure(call: Call, answer: Answer, body: Mapping[str, Any]) -> GatewayError | None:
    if answer.status >= 400:
        return Refused(
            f"1688 answered HTTP {answer.status} to {call.operation} without an error code. {_OUR_FAULT}",
            code=f"http_{answer.status}",
        )
    said = any(_word(layer.get(name)).lower() == "true" for layer in _layers(body) for name in ("success", "isSuccess"))
    if answer.status >= 300 or (call.operation in _SAYS_SUCCESS and not said):
        return OutcomeUnknown(f"The answer to {call.operation} (HTTP {answer.status}) does not say success. {_PROBE}")
    return None


def _from_code(call: Call, answer: Answer, body: Mapping[str, Any], code: str, message: str) -> GatewayError:
    request_id = _word(body.get("request_id"))
    hidden = _HIDDEN_CODE.search(message)  # some answers hold another one as text, with the code that counts
    said = f"1688 refused {call.operation} with {code or 'no code'}: {redact_text(message).rstrip('. 。') or 'no text'}"
    if call.operation == "system.oauth2.getToken":
        return StoreDisconnected(f"{said}. {_AUTHORISE}", code=code, request_id=request_id)
    row = _row(call, code, hidden[1] if hidden else "", message)
    if row is None:
        text = f"{said}. This code is not in the error table: treat it as a refusal and report it."
        return Refused(text, code=code, request_id=request_id)
    make, advice = row
    if make is expired and not call.refreshable:
        make, advice = disconnected, _AUTHORISE
    error = make(f"{said}. {advice}", code, request_id)
    if isinstance(error, RateLimited):
        error.retry_after = _retry_after(answer.headers) or error.retry_after
    return error


def _row(call: Call, code: str, hidden: str, message: str) -> Row | None:
    own = BY_CALL.get(call.operation, {})
    if hidden in GENERAL:
        return GENERAL[hidden]
    if code in own:
        return own[code]
    if own is _CREATE_REFUND and _INTERNAL.fullmatch(code):
        return _unclear, _PROBE
    if not code and any(word in message for word in _STATE_WORDS):
        return conflict, _ORDER_ANEW
    return GENERAL.get(code)


def _names_an_order(body: Mapping[str, Any]) -> bool:
    return any(_word(layer.get("orderId")) or layer.get("orderList") for layer in _layers(body))


def _retry_after(headers: Mapping[str, str]) -> int | None:
    for name, value in headers.items():
        if name.lower() == "retry-after" and value.strip().isascii() and value.strip().isdigit():
            return int(value.strip()[:9])
    return None
