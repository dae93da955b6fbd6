"""Signature, authorisation and tokens of Shopee Open Platform v2 (API.md sections 1 to 3). Pure but for one read."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from adapters.shopee.payloads import body_of, text_of
from gateway.errors import DataError, StoreDisconnected
from gateway.model.store import App, AppSecret, Credential, Store
from gateway.ports import Answer, Call, Channel, Grant, ShopFacts, Signed
from gateway.transport.json import decode, encode

REFRESH_TOKEN_LIFE = timedelta(days=30)
ACCESS_TOKEN_LIFE = 14_400
_AN_INSTANT = range(1_000_000_000, 4_000_000_000)
"""One vendor sample gives `expire_in` as an epoch time; no token lives for thirty years."""

AUTH_LINK = "/api/v2/shop/auth_partner"
TOKEN_GET = "/api/v2/auth/token/get"  # noqa: S105 - a path
TOKEN_REFRESH = "/api/v2/auth/access_token/get"  # noqa: S105 - a path


def read(operation: str, **query: str | int) -> Call:
    """Return a GET of the store's, named ``module.call``; parameters in the order given."""
    return Call(
        operation=operation,
        method="GET",
        path=f"/api/v2/{operation.replace('.', '/')}",
        query=tuple((name, str(value)) for name, value in query.items()),
    )


def write(operation: str, body: Mapping[str, Any], *, repeatable: bool = False) -> Call:
    """Return a POST of the store's with an outside consequence. Shopee takes no idempotency key."""
    return Call(
        operation=operation,
        method="POST",
        path=f"/api/v2/{operation.replace('.', '/')}",
        body=encode(dict(body)),
        effect=True,
        idempotent="yes" if repeatable else "no",
    )


def signature(secret: AppSecret, *parts: str) -> str:
    """Return the sign of the parts joined without separators (API.md section 2)."""
    return hmac.new(secret.sign_key.encode(), "".join(parts).encode(), hashlib.sha256).hexdigest()


def sign(
    call: Call, app: App, secret: AppSecret, store: Store | None, credential: Credential | None, now: datetime
) -> Signed:
    """Return the request as it goes on the wire; the sign covers neither query nor body.

    Raises StoreDisconnected when a call of a store comes without its store or token.
    """
    stamp = str(int(now.timestamp()))
    common = [("partner_id", app.key), ("timestamp", stamp)]
    if call.scope == "app":
        common.append(("sign", signature(secret, app.key, call.path, stamp)))
    else:
        if store is None or credential is None:
            raise StoreDisconnected(
                f"{call.operation} needs a shop and its token, and there is none. "
                "A person must authorise the shop: `gateway stores connect`."
            )
        token, shop = credential.access_token, store.external_id
        common += [
            ("sign", signature(secret, app.key, call.path, stamp, token, shop)),
            ("access_token", token),
            ("shop_id", shop),
        ]
    query = urlencode([*common, *call.query], quote_via=quote)
    headers = {"Accept": "application/json"}
    if call.body is not None:
        headers["Content-Type"] = call.content_type
    return Signed(call.method, f"{app.base_url.rstrip('/')}{call.path}?{query}", headers, call.body)


def authorise_url(app: App, secret: AppSecret, redirect_url: str, state: str, now: datetime) -> str:
    """Return the link a seller opens within 5 minutes. Shopee carries no state, so it rides on the redirect."""
    stamp = str(int(now.timestamp()))
    joint = "&" if "?" in redirect_url else "?"
    query = urlencode(
        [
            ("partner_id", app.key),
            ("timestamp", stamp),
            ("sign", signature(secret, app.key, AUTH_LINK, stamp)),
            ("redirect", f"{redirect_url}{joint}{urlencode({'state': state})}"),
        ],
        quote_via=quote,
    )
    return f"{app.base_url.rstrip('/')}{AUTH_LINK}?{query}"


def exchange_call(app: App, callback: Mapping[str, str]) -> Call:
    """Return the call that turns a callback's code into tokens. Raises DataError when code or account is missing."""
    code = callback.get("code", "")
    account = next((name for name in ("shop_id", "main_account_id") if callback.get(name)), None)
    if not code or account is None:
        raise DataError(
            "The callback carries no `code` with a `shop_id` or `main_account_id`, so there is nothing to exchange. "
            "Open the authorisation link again and let Shopee redirect the browser."
        )
    body = {"code": code, account: _number(callback[account], account), "partner_id": _number(app.key, "partner_id")}
    return _token_call(TOKEN_GET, body)


def refresh_call(app: App, store: Store, credential: Credential) -> Call:
    """Return the call that renews a shop's tokens. A refresh token works once: send it once, store what comes."""
    body = {
        "refresh_token": credential.refresh_token,
        "shop_id": _number(store.external_id, "shop_id"),
        "partner_id": _number(app.key, "partner_id"),
    }
    return _token_call(TOKEN_REFRESH, body)


def read_grants(call: Call, answer: Answer, now: datetime) -> Sequence[Grant]:
    """Return one grant a shop. Those of a main account share their tokens until each is first refreshed.

    Raises DataError when the answer names no token or no shop.
    """
    body = body_of(answer)
    access, refresh = text_of(body, "access_token"), text_of(body, "refresh_token")
    if not access or not refresh:
        raise DataError("Shopee's answer holds no token pair. Authorise the shop again.")
    asked = decode(call.body or b"{}")
    asked_shop = text_of(asked, "shop_id") if isinstance(asked, dict) else ""
    listed = body.get("shop_id_list")
    shops = [str(shop) for shop in listed if shop] if isinstance(listed, list) else []
    own = text_of(body, "shop_id") or asked_shop
    shops = list(dict.fromkeys([own, *shops] if own else shops))
    if not shops:
        raise DataError("Shopee's answer names no shop the tokens are for. Authorise with an account that owns one.")
    seconds = body.get("expire_in")
    credential = Credential(
        access_token=access,
        refresh_token=refresh,
        expires_at=_end(seconds if isinstance(seconds, int) and seconds > 0 else ACCESS_TOKEN_LIFE, now),
        refresh_expires_at=now + REFRESH_TOKEN_LIFE,
    )
    return [Grant(shop, credential) for shop in shops]


async def describe_shops(channel: Channel) -> Sequence[ShopFacts]:
    """Return region and id of every shop that has authorised the app (`get_shops_by_partner`, all pages).

    Raises DataError when the list never ends or cannot be read.
    """
    shops: list[ShopFacts] = []
    for page in range(1, 1000):
        call = Call(
            operation="public.get_shops_by_partner",
            method="GET",
            path="/api/v2/public/get_shops_by_partner",
            query=(("page_size", "100"), ("page_no", str(page))),
            scope="app",
        )
        body = body_of(await channel.send(call))
        rows = body.get("authed_shop_list")
        shops += [
            ShopFacts(text_of(row, "shop_id"), text_of(row, "region"))
            for row in (rows if isinstance(rows, list) else ())
            if isinstance(row, dict) and text_of(row, "shop_id")
        ]
        if not body.get("more"):
            return shops
    raise DataError("Shopee's list of shops did not end after 999 pages. Report it.")


def _token_call(path: str, body: Mapping[str, Any]) -> Call:
    return Call(
        operation=path.removeprefix("/api/v2/").replace("/", "."),
        method="POST",
        path=path,
        body=encode(dict(body)),
        scope="app",
        idempotent="no",
        refreshable=False,
    )


def _end(seconds: int, now: datetime) -> datetime:
    if seconds in _AN_INSTANT:
        return datetime.fromtimestamp(seconds, UTC)
    return now + timedelta(seconds=seconds if seconds < _AN_INSTANT.start else ACCESS_TOKEN_LIFE)


def _number(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise DataError(f"`{name}` must be a whole number on Shopee. Correct it in the configuration or the callback.")
    return int(text)
