"""The plain facts of a push (API.md section 12): its code, its shop, what it is about and when. Pure.

A push only signals: what it is about is read through the API. Numbers arrive as numbers or as text, times in
seconds or milliseconds, ids under several names, and some pushes have no code or no shop.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from gateway.errors import DataError
from gateway.transport.json import decode

_SUBJECTS = ("ordersn", "order_sn", "return_sn", "package_number", "message_id", "conversation_id")
_SHOP_LISTS = ("shop_id_list", "shop_expire_soon")
_MILLISECONDS = 100_000_000_000


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
