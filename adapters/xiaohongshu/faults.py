"""What an answer of Xiaohongshu means for the caller (API.md sections 1 and 11).

HTTP is 200 for refusals too. Every level of the envelope must say success and carry no other code. The platform
publishes few codes, so the text decides after them; what neither explains is a refusal, never a success.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from adapters.xiaohongshu.payloads import levels_of
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

Kind = type[PlatformError] | type[AuthError] | type[RateLimited] | type[OutcomeUnknown]
Row = tuple[Kind, str]

_AUTHORISE = "A person must authorise the shop again: `gateway stores connect`."
_APP_FIX = "Put the app's key and secret right, then check with `gateway stores check`."
_OUR_FAULT = "The request was built wrongly: report it."
_PROBE = "Ask the platform what it says now before repeating."
_WAIT = "Too many calls; nothing was applied. Wait, then repeat."
_CATEGORY = "The platform does not take this category: look at it in the console."

CODES: Mapping[str, Row] = {
    "-9013": (RateLimited, _WAIT),
    "401": (StoreDisconnected, f"The platform does not know the app. {_APP_FIX}"),
    "-2000400": (InvalidRequest, _OUR_FAULT),
    "-2000701": (Refused, "The quota for opening personal data is used up: look at it in the console, or later."),
    "-2000702": (OutcomeUnknown, "The platform's quota service failed. Ask again."),
    "-1010001": (OutcomeUnknown, f"The platform could not read the shop. {_PROBE}"),
    "-1009001": (Refused, _CATEGORY),
    "-1009003": (Refused, _CATEGORY),
    "-1009005": (Refused, _CATEGORY),
    "50209": (Refused, "The item must support return within seven days: set that in the console."),
}
"""Every code that was seen (section 11)."""

_TEXTS: tuple[tuple[re.Pattern[str], Row], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), row)
    for pattern, row in (
        ("限流", (RateLimited, _WAIT)),
        (
            r"refresh.?token|授权码|(?<![a-z])code(?![a-z]).*(过期|失效|无效)|(解除|取消|未|重新)授权",
            (StoreDisconnected, _AUTHORISE),
        ),
        (r"(access.?)?token", (TokenExpired, "Refresh the token once and repeat.")),
        (r"签名|(?<![a-z])sign(ature)?(?![a-z])", (StoreDisconnected, f"The signature was not accepted. {_APP_FIX}")),
        ("权限", (MissingScope, "Ask for the permission on the open platform, or leave this call out.")),
        # The rest is UNVERIFIED: likely words, for no code or text of these refusals is published.
        ("(method|接口).*(不存在|下线)", (InvalidRequest, f"The platform has no such call any more. {_OUR_FAULT}")),
        ("状态", (Conflict, "The state does not allow it. Read it anew and decide again.")),
        ("不存在|未找到|查询不到", (NotFound, "Check the number and the shop it belongs to.")),
        ("时间戳|timestamp", (InvalidRequest, "This machine's clock may be off: set it right.")),
        ("参数", (InvalidRequest, _OUR_FAULT)),
        ("系统(异常|繁忙|错误)|服务(异常|繁忙)|超时|稍后(再|重)试", (OutcomeUnknown, _PROBE)),
    )
)

_ALSO_200 = re.compile(r"common\.(categoryMatchV2|checkForbiddenKeyword)|product\.\w+ItemAndSku")
"""Methods whose success code is 200 (section 1, b)."""


def classify(call: Call, answer: Answer) -> GatewayError | None:
    """Return the error an answer means, None for success. Never raises, whatever the body."""
    if answer.status == 429:
        return RateLimited(
            f"Xiaohongshu limits {call.operation}. {_WAIT}", retry_after=_retry_after(answer.headers), code="http_429"
        )
    if answer.status >= 500:
        return OutcomeUnknown(f"Xiaohongshu answered HTTP {answer.status} to {call.operation}. {_PROBE}")
    body = _object(answer.body)
    if body is None or "success" not in body:
        return OutcomeUnknown(
            f"The answer to {call.operation} (HTTP {answer.status}) is cut off or not Xiaohongshu's own. {_PROBE}"
        )
    for level in levels_of(body):
        code = _bad_code(call, level)
        if code or level.get("success") is not True:
            return explain(f"Xiaohongshu refused {call.operation}", code, _message(level), call)
    if answer.status >= 300:
        return OutcomeUnknown(f"Xiaohongshu answered HTTP {answer.status} to {call.operation}. {_PROBE}")
    return None


def explain(said: str, code: str, message: str, call: Call | None = None) -> GatewayError:
    """Return the error that a code and a text mean, also those of one item within an answer."""
    kind, advice = _row(code, message)
    token_call = call is not None and not call.refreshable
    if token_call and kind in {TokenExpired, Refused, NotFound, Conflict}:
        kind, advice = StoreDisconnected, _AUTHORISE  # a code or a refresh token that is not taken is of no more use
    text = f"{said} with {code or 'no code'}: {redact_text(message)[:300].rstrip('。. ') or 'no text'}. {advice}"
    if issubclass(kind, OutcomeUnknown):
        return kind(f"{text} [code {code}]")
    return kind(text, code=code)


def _row(code: str, message: str) -> Row:
    if code in CODES:
        return CODES[code]
    for pattern, row in _TEXTS:
        if pattern.search(message):
            return row
    return Refused, "This answer is not in the error table: treat it as a refusal and report it."


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        found = decode(body)
    except DataError:
        return None
    return found if isinstance(found, dict) else None


def _bad_code(call: Call, level: Mapping[str, Any]) -> str:
    good = {"", "0", "200"} if _ALSO_200.fullmatch(call.operation) else {"", "0"}
    for name in ("error_code", "code"):
        value = level.get(name)
        code = "" if value is None else str(value).strip()[:100]
        if code not in good:
            return code
    return ""


def _message(level: Mapping[str, Any]) -> str:
    return next((str(level[name]) for name in ("error_msg", "msg") if level.get(name)), "")


def _retry_after(headers: Mapping[str, str]) -> int | None:
    for name, value in headers.items():
        if name.lower() == "retry-after" and value.strip().isascii() and value.strip().isdigit():
            return int(value.strip()[:9])
    return None
