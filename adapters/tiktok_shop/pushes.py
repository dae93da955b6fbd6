"""Pushes (API.md section 7): their signature, and what they say. A push is a hint: what it is about is read anew."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from adapters.tiktok_shop.payloads import text_of
from gateway.errors import BadSignature, DataError
from gateway.model.store import App, AppSecret
from gateway.ports import Answer, AuthorisationNews, ChatNews, Hint
from gateway.transport.json import decode

TAKEN = Answer(200, {}, b"")
"""The answer to a push: HTTP 200 with an empty body."""

_AUTHORISATION = {"6": AuthorisationNews.ended, "7": AuthorisationNews.ending}
_ABOUT_ORDERS = {"1", "2", "3", "4", "11", "12", "67"}
_REQUESTS = {"11": "cancel_id", "12": "return_id"}
_NEW_MESSAGE = "14"
_LATEST = 10**11  # a time beyond is no time


def verify(app: App, secret: AppSecret, headers: Mapping[str, str], body: bytes) -> None:
    """Return when ``Authorization`` is the hex HMAC-SHA256 of app key and raw body under the app's secret.

    The address is not signed, nor is the time by itself. Raises BadSignature.
    """
    key = (secret.push_key or secret.sign_key).encode()
    expected = hmac.digest(key, app.key.encode() + body, "sha256").hex().encode()
    given = headers.get("Authorization", "").encode("utf-8", "replace")
    if not hmac.compare_digest(expected, given):
        raise BadSignature(
            f"The push for app {app.id} is not signed by TikTok Shop. If all are refused, compare the app's key and "
            "secret with the Partner Center."
        )


def hints(body: bytes) -> list[Hint]:
    """Return what a push says: one hint, about one shop. An unknown type is a hint about nothing.

    Raises DataError when the body is no JSON object.
    """
    push = decode(body)
    if not isinstance(push, dict):
        raise DataError("The body of a push is JSON, but no object. It is kept as it came.")
    data = push.get("data")
    data = data if isinstance(data, dict) else {}
    kind, shop = text_of(push, "type"), text_of(push, "shop_id")
    request = text_of(data, _REQUESTS[kind]) if kind in _REQUESTS else ""
    return [
        Hint(
            event_id=f"{shop}/{kind}/{text_of(push, 'tts_notification_id') or _digest(push)}",
            kind=kind,
            shop=shop or None,
            orders=tuple(dict.fromkeys(_orders(data))) if kind in _ABOUT_ORDERS else (),
            requests=(request,) if request else (),
            authorisation=_AUTHORISATION.get(kind),
            changed_at=_instant(data.get("update_time")) or _instant(push.get("timestamp")),
            chat=_chat(data) if kind == _NEW_MESSAGE else None,
        )
    ]


def _chat(data: Mapping[str, Any]) -> ChatNews | None:
    """Return in which conversation a buyer wrote; messages of the shop and of the platform are none of his."""
    sender, conversation = data.get("sender"), text_of(data, "conversation_id")
    by_buyer = isinstance(sender, dict) and sender.get("role") == "BUYER"
    return ChatNews(conversation=conversation) if by_buyer and conversation else None


def _orders(data: Mapping[str, Any]) -> Iterable[str]:
    """Yield every order a push names: its own, those of its parcels, those of its lines (types 1 to 12, 4, 67)."""
    if text_of(data, "order_id"):
        yield text_of(data, "order_id")
    for package in _objects(data.get("package_list")):
        numbers = package.get("order_id_list")
        yield from (str(each) for each in numbers if each) if isinstance(numbers, list) else ()
    for line in _objects(data.get("line_items")):
        if text_of(line, "main_order_id"):
            yield text_of(line, "main_order_id")


def _objects(rows: Any) -> list[dict[str, Any]]:
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _digest(push: Mapping[str, Any]) -> str:
    """Return what tells events apart whose push has no id of its own: all it says, however it is spelled."""
    return hashlib.sha256(json.dumps(push, sort_keys=True, default=str).encode()).hexdigest()


def _instant(seconds: Any) -> datetime | None:
    if not isinstance(seconds, int) or isinstance(seconds, bool) or not 0 < seconds < _LATEST:
        return None
    return datetime.fromtimestamp(seconds, UTC)
