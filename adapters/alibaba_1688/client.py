"""Signature, authorisation and tokens of the 1688 Open Platform (API.md sections 1 to 3). Pure.

Parameters travel as a form. The system's own (token, time, signature) are added when signing, and so is the key of
the app, which ends every path.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from adapters.alibaba_1688.payloads import body_of, text_of
from adapters.alibaba_1688.values import instant
from gateway.errors import DataError, StoreDisconnected
from gateway.model.store import App, AppSecret, Credential, Store
from gateway.ports import Answer, Call, Grant, ShopFacts, Signed
from gateway.transport.json import encode

FORM = "application/x-www-form-urlencoded; charset=UTF-8"
TRADE, LOGISTICS, PUSH = "com.alibaba.trade", "com.alibaba.logistics", "cn.alibaba.open"
CROSS_BORDER = "com.alibaba.fenxiao.crossborder"
TOKEN = "/openapi/http/1/system.oauth2/getToken"  # noqa: S105 - a path
_ROOT = "/openapi/"
_ACCESS_TOKEN_LIFE = 36_000  # seconds, where the answer does not tell
_REGION = "CN"


def read(operation: str, parameters: Mapping[str, Any], namespace: str = TRADE, *, of_app: bool = False) -> Call:
    """Return a reading call. Values that are no text are sent as JSON, None is left out."""
    return Call(
        operation=operation,
        method="POST",
        path=f"{_ROOT}param2/1/{namespace}/{operation}",
        body=form(parameters),
        content_type=FORM,
        scope="app" if of_app else "store",
    )


def write(operation: str, parameters: Mapping[str, Any], namespace: str = TRADE, *, repeatable: bool = False) -> Call:
    """Return a call with an outside consequence. 1688 takes no idempotency key but `outOrderId`, which is looked up."""
    return Call(
        operation=operation,
        method="POST",
        path=f"{_ROOT}param2/1/{namespace}/{operation}",
        body=form(parameters),
        content_type=FORM,
        effect=True,
        idempotent="yes" if repeatable else "no",
    )


def form(parameters: Mapping[str, Any]) -> bytes:
    """Return parameters as a form: texts as they are, everything else as compact JSON (section 1)."""
    told = {name: value for name, value in parameters.items() if value is not None}
    return urlencode(
        {name: value if isinstance(value, str) else encode(value).decode() for name, value in told.items()}
    ).encode()


def signature(key: str, path: str, parameters: Sequence[tuple[str, str]]) -> str:
    """Return the upper hex HMAC-SHA1 of the path and the sorted ``name + value`` texts (section 2)."""
    signed = path + "".join(sorted(name + value for name, value in parameters))
    return hmac.new(key.encode(), signed.encode(), hashlib.sha1).hexdigest().upper()


def sign(
    call: Call, app: App, secret: AppSecret, store: Store | None, credential: Credential | None, now: datetime
) -> Signed:
    """Return the request as it goes on the wire.

    A token call carries the app's secret instead of a signature. The bytes of a file are not signed; the parameters
    beside them go into the address. Raises StoreDisconnected when a call of a store comes without a token.
    """
    path, body = f"{call.path}/{app.key}", call.body or b""
    beside = [*call.query]
    told = _pairs(body) if call.content_type == FORM else []
    if call.path == TOKEN:
        told = [*told, ("client_id", app.key), ("client_secret", secret.sign_key)]
    else:
        system: list[tuple[str, str]] = []
        if call.scope == "store":
            if store is None or credential is None:
                raise StoreDisconnected(
                    f"{call.operation} needs an account's token, and there is none. "
                    "A person must authorise the account: `gateway stores connect`."
                )
            system.append(("access_token", credential.access_token))
            system.append(("_aop_timestamp", str(int(now.timestamp() * 1000))))
        covered = signature(secret.sign_key, path.removeprefix(_ROOT), [*beside, *told, *system])
        system.append(("_aop_signature", covered))
        if call.content_type == FORM:
            told += system
        else:
            beside += system
    query = f"?{urlencode(beside, quote_via=quote)}" if beside else ""
    headers = {"Accept": "application/json", "Content-Type": call.content_type}
    sent = urlencode(told).encode() if call.content_type == FORM else body
    return Signed(call.method, f"{app.base_url.rstrip('/')}{path}{query}", headers, sent)


def authorise_url(app: App, redirect_url: str, state: str) -> str:
    """Return the link that the owner of an account opens. The platform signs people in on a host of its own."""
    base = re.sub(r"^https?://gw\.open\.1688\.com", "https://auth.1688.com", app.base_url.rstrip("/"))
    query = {"client_id": app.key, "site": "1688", "redirect_uri": redirect_url, "state": state}
    return f"{base}/oauth/authorize?{urlencode(query, quote_via=quote)}"


def exchange_call(callback: Mapping[str, str]) -> Call:
    """Return the call that turns a callback's code, good once and for two minutes, into tokens.

    Raises DataError when there is no code.
    """
    code = callback.get("code", "")
    if not code:
        raise DataError(
            "The callback carries no `code`, so there is nothing to exchange. "
            "Open the authorisation link again and let 1688 redirect the browser."
        )
    asked = {"grant_type": "authorization_code", "need_refresh_token": "true", "code": code}
    return _token_call({**asked, "redirect_uri": callback.get("redirect_url", "")})


def refresh_call(credential: Credential) -> Call:
    """Return the call that renews the access token; the refresh token stays good."""
    return _token_call({"grant_type": "refresh_token", "refresh_token": credential.refresh_token})


def read_grants(call: Call, answer: Answer, now: datetime) -> Sequence[Grant]:
    """Return the one grant of an answer: an account, which may be two stores.

    A refresh usually brings no new refresh token, and need not repeat the account: the old one is kept. Raises
    DataError when the answer names no token, or on an authorisation no account.
    """
    body, asked = body_of(answer), dict(_pairs(call.body or b""))
    access, member = text_of(body, "access_token"), text_of(body, "memberId")
    if not access or (not member and "refresh_token" not in asked):
        raise DataError("1688's answer holds no access token, or does not say whose. Authorise the account again.")
    seconds = text_of(body, "expires_in")
    lasts = int(seconds[:9]) if seconds.isascii() and seconds.isdigit() else _ACCESS_TOKEN_LIFE
    until = text_of(body, "refresh_token_timeout")
    credential = Credential(
        access_token=access,
        refresh_token=text_of(body, "refresh_token") or asked.get("refresh_token", ""),
        expires_at=now + timedelta(seconds=lasts),
        refresh_expires_at=instant(until, "refresh_token_timeout") if until else None,
    )
    name = text_of(body, "resource_owner") or text_of(body, "resourceOwner")
    return [Grant(member, credential, ShopFacts(member, _REGION, name) if member else None)]


def wire_date(at: datetime) -> str:
    """Return an instant as requests carry it, in China's time: ``20260101000000000+0800``."""
    local = at.astimezone(UTC) + timedelta(hours=8)
    return f"{local:%Y%m%d%H%M%S}{local.microsecond // 1000:03d}+0800"


def _pairs(body: bytes) -> list[tuple[str, str]]:
    return parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)


def _token_call(parameters: Mapping[str, Any]) -> Call:
    return Call(
        operation="system.oauth2.getToken",
        method="POST",
        path=TOKEN,
        body=form(parameters),
        content_type=FORM,
        scope="app",
        idempotent="no",
        refreshable=False,
    )
