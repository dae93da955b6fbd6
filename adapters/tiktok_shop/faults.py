"""What TikTok Shop's codes mean for the caller (API.md section 8, and the codes named beside each endpoint).

The code decides, not the HTTP status. A few codes cover several situations, which words of the message tell apart. A
code nobody has mapped is a refusal: never a success.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from adapters.tiktok_shop import payloads
from adapters.tiktok_shop.client import TOKEN_GET, TOKEN_REFRESH
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

DAILY_WAIT = 3600
"""The chat's daily quota is free again some time; asking once an hour finds that out without reading a clock."""


def _unknown(text: str, code: str, request_id: str) -> GatewayError:
    return OutcomeUnknown(f"{text} [code {code}, request_id {request_id}]")


def _plain(kind: type[PlatformError | AuthError]) -> Make:
    return lambda text, code, request_id: kind(text, code=code, request_id=request_id)


refused, malformed, missing, conflict = map(_plain, (Refused, InvalidRequest, NotFound, Conflict))
expired, disconnected, unscoped = map(_plain, (TokenExpired, StoreDisconnected, MissingScope))

Row = tuple[Make, str]
"""How the error is made, and what to do about it."""

_READ_ANEW = "Read the order and its requests anew and decide again."
_AUTHORISE = "A person must authorise the shop again: `gateway stores connect`."
_OUR_FAULT = "The request was built wrongly: report it with the request_id."
_APP_FIX = "Put the app's key and secret right, then check with `gateway stores check`."
_SCOPE = "Ask for the permission in the Partner Center, then authorise the shop again."
_PROBE = "Ask the platform what it says now before repeating."
_REASON = "Fetch the reasons that are open now, and take one of them."

_CLOCK: Row = (malformed, "This machine's clock is more than 5 minutes off: set it right.")
_EXPIRED: Row = (expired, "Refresh the token once and repeat.")
_SIGN: Row = (disconnected, f"The signature was not accepted, so the secret is not this app's. {_APP_FIX}")
_CIPHER: Row = (disconnected, f"The shop cipher is missing or not this token's. {_AUTHORISE}")
_INACTIVE: Row = (disconnected, "The shop or its seller is inactive. Only its owner can settle that with TikTok Shop.")
_CHANGED: Row = (conflict, _READ_ANEW)
_WRONG: Row = (malformed, _OUR_FAULT)
_BROKEN: Row = (_unknown, _PROBE)

CODES: Mapping[str, Row] = {
    # the platform's gateway (section 8)
    "101000": (disconnected, f"The token is not one of this shop's seller. {_AUTHORISE}"),
    "105001": _EXPIRED,
    "105002": _EXPIRED,
    "105005": (unscoped, _SCOPE),
    "106001": _SIGN,
    "106013": _CIPHER,
    "36009003": _BROKEN,
    "36009004": _WRONG,
    "36009033": (unscoped, "Allow this machine's public address in the Partner Center."),
    "36009043": _INACTIVE,
    "36009044": _INACTIVE,
    # orders (sections 3 and 8)
    "21008111": (missing, "Check the number and the shop it belongs to."),
    **dict.fromkeys(("10002014", "10002015", "10037002", "10037003", "10037004", "10006402"), _BROKEN),
    # cancellations (section 4)
    "25001001": _WRONG,
    "25001003": _CHANGED,
    "25001010": _CHANGED,
    "25001011": (conflict, f"It is being cancelled, or was, already. {_READ_ANEW}"),
    "25001014": (malformed, f"The reason is none of the platform's. {_REASON}"),
    "25001015": (refused, f"This reason is not a seller's. {_REASON}"),
    "25001020": (refused, f"This reason is no longer taken. {_REASON}"),
    "25001021": (refused, f"The reason does not fit the order's status. {_REASON}"),
    "25001028": (conflict, f"Another act holds the order at this moment. {_READ_ANEW}"),
    "25001045": (conflict, f"It has been shipped. {_READ_ANEW}"),
    "25001046": (refused, "The platform's risk control blocks it: ask its support."),
    "25001051": (conflict, f"The order has ended. {_READ_ANEW}"),
    "25005010": (refused, "Single lines cannot be cancelled in this market: end the whole order, or ship it."),
    "25005011": (refused, "Too many lines at once."),
    "25007006": (missing, "Check the request's number and the shop it belongs to."),
    "25011011": (conflict, f"The request can no longer be rejected. {_READ_ANEW}"),
    "25011012": (conflict, f"The request can no longer be approved. {_READ_ANEW}"),
    "25011013": (conflict, f"The request can no longer be approved. {_READ_ANEW}"),
    "25020005": (unscoped, _SCOPE),
    "25020008": _BROKEN,
    "25020010": (conflict, f"It has been approved already. {_READ_ANEW}"),
    # returns and refunds (section 5)
    "11050001": _WRONG,
    "25005005": (refused, "The amount is more than can be refunded: ask the platform what can."),
    "25011025": (refused, "The platform refunds this quickly by itself: it cannot be rejected now."),
    "25020004": (conflict, f"The decision does not fit the return's type or state. {_READ_ANEW}"),
    # shipping (section 6)
    "21001001": _WRONG,
    "21011001": (missing, "Check the parcel's number: orders that are split or joined get new ones."),
    "21011006": (conflict, f"It has been shipped already. {_READ_ANEW}"),
    "21011007": (conflict, "The buyer's request must be answered before the parcel is shipped."),
    # chat (section 6)
    "45101006": (refused, "The chat refuses words in this message: write it in other ones."),
    "45102007": (refused, "This conversation is closed to the shop: the buyer has to write first."),
}
"""Every documented code but those of rate limits."""

_MESSAGES: tuple[tuple[str, Row], ...] = (
    ("access-token", _EXPIRED),
    ("access_token", _EXPIRED),
    ("timestamp", _CLOCK),
    ("app_key", (disconnected, f"The platform does not know the app. {_APP_FIX}")),
    ("shop_cipher", _CIPHER),
    ("'sign'", _SIGN),
)
"""What 36009004 may mean, by a word of its message (section 8)."""

_LIMITS = {"36009002": None, "45101004": DAILY_WAIT}


def classify(call: Call, answer: Answer) -> GatewayError | None:
    """Return the error an answer means, None for success. Never raises, whatever the body (section 1)."""
    if answer.status == 429:
        return _limited(call, "http_429", "too many calls", None)
    if answer.status >= 500:
        return OutcomeUnknown(f"TikTok Shop answered HTTP {answer.status} to {call.operation}. {_PROBE}")
    try:
        body = payloads.envelope().validate_json(answer.body)
    except (ValidationError, ValueError, RecursionError):
        body = {}
    code, message, request_id = (_word(body.get(name)) for name in ("code", "message", "request_id"))
    if not code or (code == "0" and 300 <= answer.status < 400):
        return OutcomeUnknown(
            f"TikTok Shop's answer to {call.operation} (HTTP {answer.status}) is cut off or not its own. {_PROBE}"
        )
    if code != "0":
        return _from_code(call, code, message, request_id)
    if answer.status >= 400:
        text = f"TikTok Shop answered HTTP {answer.status} to {call.operation} without an error code. {_OUR_FAULT}"
        return Refused(text, code=f"http_{answer.status}", request_id=request_id)
    return None


def _from_code(call: Call, code: str, message: str, request_id: str) -> GatewayError:
    said = f"TikTok Shop refused {call.operation} with {code}: {redact_text(message).rstrip('. ') or 'no text'}"
    if code in _LIMITS:
        return _limited(call, code, redact_text(message), _LIMITS[code])
    row = CODES.get(code)
    if code == "36009004":
        row = next((row for part, row in _MESSAGES if part in message.lower()), _WRONG)
    if row is None and code.startswith("105"):
        row = _EXPIRED  # the group of tokens
    if row is None:
        text = f"{said}. This code is not in the error table: treat it as a refusal and report it."
        row = (lambda _, code, request_id: Refused(text, code=code, request_id=request_id)), ""
    make, advice = row
    if call.path in {TOKEN_GET, TOKEN_REFRESH} and make not in {_unknown, malformed}:
        make, advice = disconnected, _AUTHORISE  # whatever is said: this code or refresh token gives no token
    return make(f"{said}. {advice}", code, request_id)


def _limited(call: Call, code: str, said: str, wait: int | None) -> RateLimited:
    text = f"TikTok Shop limits {call.operation} ({code}: {said}). Nothing was applied; wait, then repeat."
    return RateLimited(text, retry_after=wait, code=code)


def _word(value: Any) -> str:
    return "" if value is None or isinstance(value, bool) else str(value).strip()[:300]
