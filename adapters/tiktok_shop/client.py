"""Calls, signature, authorisation and tokens of the TikTok Shop Open API (API.md sections 1 and 2).

Each endpoint has a version of its own; all of them stand in `ENDPOINTS`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from urllib.parse import quote, urlencode
from uuid import NAMESPACE_URL, uuid5

from adapters.tiktok_shop.payloads import content_of, text_of
from gateway.errors import DataError, InvalidRequest, StoreDisconnected
from gateway.model.store import App, AppSecret, Credential, Store
from gateway.ports import Answer, Call, Channel, Grant, ShopFacts, Signed
from gateway.transport.json import encode

CIPHER = "shop_cipher"
"""Under this name `Credential.extra` holds what names the shop in every call of a store."""

ENDPOINTS: Mapping[str, tuple[Literal["GET", "POST"], str]] = {
    "authorization.shops": ("GET", "/authorization/202309/shops"),
    "order.search": ("POST", "/order/202309/orders/search"),
    "order.detail": ("GET", "/order/202507/orders"),
    "cancellation.create": ("POST", "/return_refund/202602/cancellations"),
    "cancellation.search": ("POST", "/return_refund/202602/cancellations/search"),
    "cancellation.approve": ("POST", "/return_refund/202309/cancellations/{0}/approve"),
    "cancellation.reject": ("POST", "/return_refund/202309/cancellations/{0}/reject"),
    "return.create": ("POST", "/return_refund/202602/returns"),
    "return.search": ("POST", "/return_refund/202602/returns/search"),
    "return.approve": ("POST", "/return_refund/202309/returns/{0}/approve"),
    "return.reject": ("POST", "/return_refund/202606/returns/{0}/reject"),
    "return.records": ("GET", "/return_refund/202309/returns/{0}/records"),
    "refund.calculate": ("POST", "/return_refund/202602/refunds/calculate"),
    "aftersale.eligibility": ("GET", "/return_refund/202602/orders/{0}/aftersale_eligibility"),
    "aftersale.reject_reasons": ("GET", "/return_refund/202309/reject_reasons"),
    "fulfillment.ship": ("POST", "/fulfillment/202309/packages/{0}/ship"),
    "fulfillment.update_order": ("POST", "/fulfillment/202309/orders/{0}/shipping_info/update"),
    "fulfillment.update_package": ("POST", "/fulfillment/202610/packages/{0}/shipping_info/update"),
    "fulfillment.tracking": ("GET", "/fulfillment/202309/orders/{0}/tracking"),
    "chat.conversations": ("GET", "/customer_service/202309/conversations"),
    "chat.open": ("POST", "/customer_service/202309/conversations"),
    "chat.messages": ("GET", "/customer_service/202309/conversations/{0}/messages"),
    "chat.send": ("POST", "/customer_service/202606/conversations/{0}/messages"),
}
"""Name of a call -> method and path with the newest version known (section 1)."""

TOKEN_GET = "/api/v2/token/get"  # noqa: S105 - a path
TOKEN_REFRESH = "/api/v2/token/refresh"  # noqa: S105 - a path
_TOKEN_HOSTS = {"https://open-api.tiktokglobalshop.com": "https://auth.tiktok-shops.com"}
"""API host -> the host of tokens and consent; any other host (a proxy, a simulator) serves both."""

_ID = re.compile(r"[\w-]{1,100}")
_AN_INSTANT = 1_000_000_000
_TOKEN_LIFE = timedelta(days=7)


def call(
    name: str,
    *ids: str,
    query: Mapping[str, str] | None = None,
    body: Mapping[str, Any] | None = None,
    effect: bool = False,
    key: str = "",
) -> Call:
    """Return a call of the store's. ``key`` and body make the idempotency key: always the same UUID for the same two.

    The body counts, for a key answers with the first answer: a rejection tried anew with another reason is another
    act. Raises InvalidRequest for an id that cannot stand in a path.
    """
    method, path = ENDPOINTS[name]
    if not all(_ID.fullmatch(each) for each in ids):
        raise InvalidRequest(f"{name} needs ids as TikTok Shop gives them. Take them from the order as read.")
    content = None if body is None else encode(dict(body))
    asked = dict(query or {})
    if key:
        asked["idempotency_key"] = str(uuid5(NAMESPACE_URL, f"{key}\n{(content or b'').decode()}"))
    repeatable = "by_key" if key else "no"
    return Call(
        operation=name,
        method=method,
        path=path.format(*ids),
        query=tuple(asked.items()),
        body=content,
        effect=effect,
        idempotent=repeatable if effect else "yes",  # type: ignore[arg-type]  # one of the two words above
    )


def signature(secret: AppSecret, path: str, query: Sequence[tuple[str, str]], body: bytes) -> str:
    """Return the sign over path, sorted query and raw body between two app secrets (section 2.3)."""
    told = "".join(name + value for name, value in sorted(query))
    key = secret.sign_key.encode()
    message = key + path.encode() + told.encode() + body + key
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def sign(
    call: Call, app: App, secret: AppSecret, store: Store | None, credential: Credential | None, now: datetime
) -> Signed:
    """Return the request as it goes on the wire. Token calls carry the app's secret in the query and no sign.

    Raises StoreDisconnected when a call comes without its token, or a store's without shop cipher.
    """
    base = app.base_url.rstrip("/")
    headers = {"Accept": "application/json", "Content-Type": call.content_type}
    if call.path in {TOKEN_GET, TOKEN_REFRESH}:
        asked = [("app_key", app.key), ("app_secret", secret.sign_key), *call.query]
        return Signed(call.method, f"{_TOKEN_HOSTS.get(base, base)}{call.path}?{_query(asked)}", headers, None)
    query = [*call.query, ("app_key", app.key), ("timestamp", str(int(now.timestamp())))]
    cipher = credential.extra.get(CIPHER, "") if credential else ""
    if credential is None or (call.scope == "store" and not (store and cipher)):
        raise StoreDisconnected(
            f"{call.operation} needs an access token and the shop's cipher, and one is missing. "
            "A person must authorise the shop: `gateway stores connect`."
        )
    if call.scope == "store":
        query.append((CIPHER, cipher))
    query.append(("sign", signature(secret, call.path, query, call.body or b"")))
    headers["x-tts-access-token"] = credential.access_token
    return Signed(call.method, f"{base}{call.path}?{_query(query)}", headers, call.body)


def _query(pairs: Sequence[tuple[str, str]]) -> str:
    return urlencode(pairs, quote_via=quote)


def authorise_url(app: App, state: str) -> str:
    """Return the consent page in the form that needs no more than the app's key (section 1).

    Where the seller is sent back to is set in the Partner Center, not in the link.
    """
    base = app.base_url.rstrip("/")
    asked = _query([("app_key", app.key), ("state", state)])
    return f"{_TOKEN_HOSTS.get(base, base)}/oauth/authorize?{asked}"


def exchange_call(callback: Mapping[str, str]) -> Call:
    """Return the call that turns a callback's ``code`` into tokens. Raises DataError without one."""
    code = callback.get("code") or callback.get("auth_code") or ""
    if not code:
        raise DataError(
            "The callback carries no `code`, so there is nothing to exchange. Open the authorisation link again and "
            "let TikTok Shop redirect the browser."
        )
    return _token_call(TOKEN_GET, ("auth_code", code), ("grant_type", "authorized_code"))


def refresh_call(credential: Credential) -> Call:
    """Return the call that renews tokens; a new refresh token may come along."""
    return _token_call(TOKEN_REFRESH, ("refresh_token", credential.refresh_token), ("grant_type", "refresh_token"))


def read_grants(answer: Answer, now: datetime) -> Sequence[Grant]:
    """Return the tokens of an answer, which names no shop. Raises DataError when it holds none."""
    told = content_of(answer, "the token call")
    access, refresh = text_of(told, "access_token"), text_of(told, "refresh_token")
    if not access or not refresh:
        raise DataError("TikTok Shop's answer holds no token pair. Authorise the shop again.")
    credential = Credential(
        access_token=access,
        refresh_token=refresh,
        expires_at=_end(told.get("access_token_expire_in"), now) or now + _TOKEN_LIFE,
        refresh_expires_at=_end(told.get("refresh_token_expire_in"), now),
    )
    return [Grant("", credential)]


async def describe_shops(channel: Channel) -> Sequence[ShopFacts]:
    """Return the shops that the channel's token opens, each with its cipher (section 2.2)."""
    method, path = ENDPOINTS["authorization.shops"]
    asked = Call(operation="authorization.shops", method=method, path=path, scope="app")
    shops = content_of(await channel.send(asked), asked.operation).get("shops")
    return [
        ShopFacts(
            text_of(row, "id"),
            text_of(row, "region"),
            text_of(row, "name"),
            extra={CIPHER: text_of(row, "cipher"), "seller_type": text_of(row, "seller_type")},
        )
        for row in (shops if isinstance(shops, list) else ())
        if isinstance(row, dict) and text_of(row, "id")
    ]


def _token_call(path: str, *query: tuple[str, str]) -> Call:
    return Call(
        operation=path.removeprefix("/api/v2/").replace("/", "."),
        method="GET",
        path=path,
        query=query,
        scope="app",
        idempotent="no",
        refreshable=False,
    )


def _end(seconds: Any, now: datetime) -> datetime | None:
    """Return an instant; the platform gives it as one, though the field's name says a duration (section 2.1)."""
    if not isinstance(seconds, int) or not 0 < seconds < 10 * _AN_INSTANT:
        return None
    return datetime.fromtimestamp(seconds, UTC) if seconds >= _AN_INSTANT else now + timedelta(seconds=seconds)
