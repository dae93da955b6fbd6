"""Pushes (API.md section 12): their signature, what they say, where they go, and those that never arrived.

A push only signals: what it is about is read through the API. Numbers arrive as numbers or as text, times in
seconds or milliseconds, ids under several names, and some pushes have no code or no shop.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from adapters.shopee.payloads import content_of, text_of
from gateway.errors import BadSignature, DataError
from gateway.model.store import App, AppSecret
from gateway.ports import Answer, AuthorisationNews, Call, Channel, ChatNews, Hint, LostPushes, PushSettings
from gateway.transport.json import decode, encode

TAKEN = Answer(200, {}, b"")
"""The answer to a push: any 2xx, and a body would make it a failure."""

READ_CODES = (1, 2, 3, 4, 10, 12, 28, 29, 30, 47)
"""The pushes the gateway wants: authorisation, orders, parcels, chat, penalties, returns."""

_SUBJECTS = ("ordersn", "order_sn", "return_sn", "package_number", "message_id", "conversation_id")
_SHOP_LISTS = ("shop_id_list", "shop_expire_soon")
_MILLISECONDS = 100_000_000_000
_LATEST = 10**11  # a time beyond is no time
_TELLING = ("status", "completed_scenario", "tracking_no", "fulfillment_status", "action_type", "changed_fields")
_RETURN_UPDATES = 29
_CHAT = 10
_ORDERS = {3, 4, 15, 29, 30, 47}
_AUTHORISATION = {1: AuthorisationNews.given, 2: AuthorisationNews.ended, 12: AuthorisationNews.ending}


class Push(NamedTuple):
    """One push for one shop. ``code`` and ``update_time`` (epoch seconds) None, ``shop_id`` empty: not told."""

    code: int | None
    shop_id: str
    subject_ids: tuple[str, ...]
    update_time: int | None


def read_push(body: bytes) -> list[Push]:
    """Return what a push body says, one entry a shop it concerns. Raises DataError when it is no JSON object."""
    push = decode(body)
    if not isinstance(push, dict):
        raise DataError("The body of a push is JSON, but no object. It is kept as it came.")
    return facts_of(push)


def facts_of(push: dict[str, Any]) -> list[Push]:
    """Return the facts of a decoded push; a lost push, which holds the push a second time, gives the inner one's."""
    data = push.get("data")
    data = data if isinstance(data, dict) else {}
    if isinstance(data.get("data"), dict) and "code" in data:
        return facts_of(data)
    content = data.get("content")
    content = content if isinstance(content, dict) else {}
    found = dict.fromkeys(_text(part.get(name)) for part in (data, content) for name in _SUBJECTS)
    subjects = tuple(subject for subject in found if subject)
    code, moment = _whole(push.get("code")), _moment(push, data, content)
    shops = list(dict.fromkeys(shop for shop in _shops(push, data, content) if shop)) or [""]
    return [Push(code, shop, subjects, moment) for shop in shops]


def _shops(push: dict[str, Any], data: dict[str, Any], content: dict[str, Any]) -> Iterable[str]:
    own = _text(push.get("shop_id"))
    if own:
        return [own]
    several = [_text(shop) for name in _SHOP_LISTS if isinstance(data.get(name), list) for shop in data[name]]
    return (
        [_text(data.get("shop_id")), _text(data.get("shopid")), *several] if data else [_text(content.get("shop_id"))]
    )


def _moment(push: dict[str, Any], data: dict[str, Any], content: dict[str, Any]) -> int | None:
    rows = data.get("updated_values")
    changes = (
        [_whole(row.get("update_time")) for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    )
    told = [change for change in changes if change is not None]
    moment = max(told) if told else _whole(data.get("update_time"))
    for later in (content.get("created_timestamp"), push.get("timestamp"), content.get("timestamp")):
        moment = _whole(later) if moment is None else moment
    return moment // 1000 if moment is not None and moment > _MILLISECONDS else moment


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | str) or value == 0:
        return ""
    return str(value)


def _whole(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value[:20])
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def verify(app: App, secret: AppSecret, url: str, headers: Mapping[str, str], body: bytes) -> None:
    """Return when ``Authorization`` is the lowercase hex HMAC-SHA256 of url, ``|`` and raw body under the push key.

    Raises BadSignature. An app without a push key of its own signs pushes with its partner key.
    """
    key = (secret.push_key or secret.sign_key).encode()
    expected = hmac.digest(key, url.encode() + b"|" + body, "sha256").hex().encode()
    given = headers.get("Authorization", "").encode("utf-8", "replace")
    if not hmac.compare_digest(expected, given):
        raise BadSignature(
            f"The push for app {app.id} is not signed by Shopee for {url}. If all are refused, compare `public_url` "
            "and the app's push key with the platform's console."
        )


def hints(body: bytes) -> list[Hint]:
    """Return what a push says, one hint a shop. There is no event id: section 12 says what tells events apart.

    Raises DataError when the body is no JSON object.
    """
    push = decode(body)
    if not isinstance(push, dict):
        raise DataError("The body of a push is JSON, but no object. It is kept as it came.")
    push = _unwrapped(push)
    data = push.get("data")
    data = data if isinstance(data, dict) else {}
    return [_hint(said, data, body) for said in facts_of(push)]


async def lost_pushes(channel: Channel) -> LostPushes:
    """Return the oldest hundred pushes of three days that never arrived."""
    call = _app_call("push.get_lost_push_message")
    response = content_of(await channel.send(call), call.operation)
    rows = response.get("push_message_list")
    bodies = [encode(_unwrapped(row)) for row in (rows if isinstance(rows, list) else ()) if isinstance(row, dict)]
    marker = text_of(response, "last_message_id")
    return LostPushes(bodies, marker if bodies and marker else None, bool(response.get("has_next_page")))


async def confirm_lost_pushes(channel: Channel, marker: str) -> None:
    """Let Shopee forget the lost pushes up to message ``marker``."""
    body = encode({"last_message_id": int(marker)})
    await channel.send(_app_call("push.confirm_consumed_lost_push_message", body))


async def set_push_url(channel: Channel, url: str) -> None:
    """Send the app's pushes to ``url``; Shopee first posts a test there that must be taken within 3 seconds."""
    body = encode({"callback_url": url, "set_push_config_on": list(READ_CODES)})
    await channel.send(_app_call("push.set_app_push_config", body))


async def push_settings(channel: Channel) -> PushSettings:
    """Return where the app's pushes go, Shopee's word for how deliveries do, and the codes switched on."""
    call = _app_call("push.get_app_push_config")
    response = content_of(await channel.send(call), call.operation)
    codes = response.get("push_config_on_list")
    return PushSettings(
        url=text_of(response, "callback_url"),
        status=text_of(response, "live_push_status"),
        kinds=[str(code) for code in codes] if isinstance(codes, list) else [],
    )


def _hint(said: Push, data: dict[str, Any], body: bytes) -> Hint:
    shop = said.shop_id or None
    kind = "" if said.code is None else str(said.code)
    if not (said.subject_ids and said.update_time):
        told = hashlib.sha256(body).hexdigest()
    else:
        told = "/".join([*said.subject_ids, *_changes(data), str(said.update_time)])
    known = said.code in _ORDERS
    return Hint(
        event_id=f"{said.shop_id}/{kind}/{told}",
        kind=kind,
        shop=shop,
        orders=_texts(data, "ordersn", "order_sn") if known else (),
        requests=_texts(data, "return_sn") if said.code == _RETURN_UPDATES else (),
        authorisation=_AUTHORISATION.get(said.code or 0),
        changed_at=_instant(said.update_time),
        chat=_chat(data) if said.code == _CHAT else None,
    )


def _chat(data: dict[str, Any]) -> ChatNews | None:
    """Return who wrote; a message of our own comes the same way, and no order has the shop for its buyer."""
    content = data.get("content")
    if data.get("type") != "message" or not isinstance(content, dict):
        return None
    buyer = _text(content.get("from_id"))
    return ChatNews(buyer=buyer, conversation=_text(content.get("conversation_id"))) if buyer else None


def _changes(data: dict[str, Any]) -> list[str]:
    """Return the words that tell two events on one thing at one second apart."""
    rows = data.get("updated_values")
    changes = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    told = [data[name] for name in _TELLING if data.get(name) not in (None, "", [])]
    told += [row.get(name) for row in changes for name in ("update_field", "new_value")]
    return ["+".join(map(str, each)) if isinstance(each, list) else str(each) for each in told]


def _unwrapped(push: dict[str, Any]) -> dict[str, Any]:
    """Return the push itself; a lost one may hold it a second time, whole."""
    inner = push.get("data")
    return inner if isinstance(inner, dict) and "code" in inner and isinstance(inner.get("data"), dict) else push


def _texts(data: dict[str, Any], *names: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in (_text(data.get(name)) for name in names) if text))


def _instant(seconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None and 0 < seconds < _LATEST else None


def _app_call(operation: str, body: bytes | None = None) -> Call:
    """Return a call of the app's own; each may be repeated without harm."""
    return Call(
        operation=operation,
        method="GET" if body is None else "POST",
        path=f"/api/v2/{operation.replace('.', '/')}",
        body=body,
        scope="app",
    )
