"""One address, signature, authorisation and tokens of Xiaohongshu (API.md sections 1 to 3). Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from adapters.xiaohongshu.payloads import instant, object_of, text_of, whole_of
from gateway.errors import DataError, StoreDisconnected
from gateway.model.store import App, AppSecret, Credential, Store
from gateway.ports import Answer, Call, Grant, ShopFacts, Signed
from gateway.transport.json import decode, encode

ADDRESS = "/ark/open_api/v3/common_controller"
AUTH_PAGE = "/ark/authorization"
CONTENT_TYPE = "application/json;charset=utf-8"
VERSION = "2.0"
REGION = "CN"
TOKEN_GET, TOKEN_REFRESH = "oauth.getAccessToken", "oauth.refreshToken"


def read(method: str, body: Mapping[str, Any]) -> Call:
    """Return a read of a shop's; ``body`` holds the business parameters."""
    return Call(operation=method, method="POST", path=ADDRESS, body=encode(dict(body)), content_type=CONTENT_TYPE)


def write(method: str, body: Mapping[str, Any], *, repeatable: bool = False) -> Call:
    """Return a call of a shop's with an outside consequence. No method takes an idempotency key."""
    return Call(
        operation=method,
        method="POST",
        path=ADDRESS,
        body=encode(dict(body)),
        content_type=CONTENT_TYPE,
        effect=True,
        idempotent="yes" if repeatable else "no",
    )


def signature(method: str, app_key: str, stamp: str, secret: AppSecret) -> str:
    """Return the sign of a call (section 2): neither token nor business fields are covered."""
    said = f"{method}?appId={app_key}&timestamp={stamp}&version={VERSION}{secret.sign_key}"
    return hashlib.md5(said.encode()).hexdigest()  # noqa: S324 - the platform's own choice


def sign(
    call: Call, app: App, secret: AppSecret, store: Store | None, credential: Credential | None, now: datetime
) -> Signed:
    """Return the request as it goes on the wire: system and business fields side by side in one object.

    Raises StoreDisconnected when a call of a store comes without its store or token.
    """
    stamp = str(int(now.timestamp()))
    system = {
        "method": call.operation,
        "appId": app.key,
        "timestamp": stamp,
        "version": VERSION,
        "sign": signature(call.operation, app.key, stamp, secret),
    }
    if call.scope == "store":
        if store is None or credential is None:
            raise StoreDisconnected(
                f"{call.operation} needs a shop and its token, and there is none. "
                "A person must authorise the shop: `gateway stores connect`."
            )
        system["accessToken"] = credential.access_token
    body = encode({**_business(call), **system})
    query = f"?{urlencode(call.query)}" if call.query else ""
    headers = {"Accept": "application/json", "Content-Type": CONTENT_TYPE}
    return Signed("POST", f"{app.base_url.rstrip('/')}{call.path}{query}", headers, body)


def _business(call: Call) -> dict[str, Any]:
    if call.body is None or not call.body.strip():
        return {}
    fields = decode(call.body)
    if not isinstance(fields, dict):
        raise DataError(f"{call.operation}: the parameters of a call to Xiaohongshu are one JSON object. Report it.")
    return fields


def authorise_url(app: App, redirect_url: str, state: str) -> str:
    """Return the link that the shop's main account opens (section 3)."""
    query = urlencode([("appId", app.key), ("redirectUri", redirect_url), ("state", state)])
    return f"{app.base_url.rstrip('/')}{AUTH_PAGE}?{query}"


def exchange_call(callback: Mapping[str, str]) -> Call:
    """Return the call that turns a callback's code into tokens. Raises DataError without a code."""
    if not callback.get("code"):
        raise DataError(
            "The callback carries no `code`, so there is nothing to exchange. "
            "Open the authorisation link again and let Xiaohongshu redirect the browser."
        )
    return _token_call(TOKEN_GET, {"code": callback["code"]})


def refresh_call(credential: Credential) -> Call:
    """Return the call that renews a shop's tokens. May be repeated: the same pair comes until it is about to end."""
    return _token_call(TOKEN_REFRESH, {"refreshToken": credential.refresh_token})


def read_grants(call: Call, answer: Answer) -> Sequence[Grant]:
    """Return the one grant of an exchange or a refresh, with what it tells of the shop. Raises DataError."""
    content = object_of(answer, call.operation)
    access, refresh, shop = (text_of(content, name) for name in ("accessToken", "refreshToken", "sellerId"))
    ends, refresh_ends = (whole_of(content, f"{name}ExpiresAt") for name in ("accessToken", "refreshToken"))
    end = instant(ends)
    if not access or not refresh or not shop or end is None:
        raise DataError("Xiaohongshu's answer holds no token pair with its shop and its end. Authorise again.")
    credential = Credential(
        access_token=access, refresh_token=refresh, expires_at=end, refresh_expires_at=instant(refresh_ends)
    )
    return [Grant(shop, credential, ShopFacts(shop, REGION, text_of(content, "sellerName")))]


def _token_call(method: str, body: Mapping[str, str]) -> Call:
    return Call(
        operation=method,
        method="POST",
        path=ADDRESS,
        body=encode(dict(body)),
        content_type=CONTENT_TYPE,
        scope="app",
        refreshable=False,
    )
