"""Recovering messages that could not be delivered (API.md section 9.3)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from mocks.alibaba_1688.calling import Call
from mocks.alibaba_1688.errors import ApiError
from mocks.alibaba_1688.params import Params

if TYPE_CHECKING:
    from mocks.alibaba_1688.calling import Context
    from mocks.kit.push import Message

SMALLEST, LARGEST = 20, 200


@dataclass(frozen=True, slots=True)
class _Failed:
    kept: Message
    content: dict[str, Any]


def _failed(ctx: Context, params: Params) -> list[_Failed]:
    """List the undelivered messages that fit the filters, oldest first."""
    start, end = params.date("createStartTime"), params.date("createEndTime")
    topic, user = params.optional("type"), params.optional("userInfo")
    found = []
    for kept in ctx.world.rig.pushes.lost:
        content = json.loads(parse_qs(kept.body.decode())["message"][0])
        born = content["gmtBorn"] // 1000
        fits = (start is None or born >= start) and (end is None or born <= end)
        if fits and topic in {"", content["type"]} and user in {"", content["userInfo"]}:
            found.append(_Failed(kept, content))
    return sorted(found, key=lambda one: int(one.content["msgId"]))


def _count(params: Params, name: str) -> int:
    value = params.optional_number(name, SMALLEST) or 0
    if not SMALLEST <= value <= LARGEST:
        raise ApiError("PARAM_ERROR", f"{name}须在{SMALLEST}到{LARGEST}之间")
    return value


def _shown(ctx: Context, one: _Failed) -> dict[str, Any]:
    names = ("msgId", "type", "userInfo", "data", "gmtBorn")
    return {**{name: one.content[name] for name in names}, "appKey": ctx.world.app.app_key}


def _confirm(ctx: Context, confirmed: list[_Failed]) -> None:
    gone = {id(one.kept) for one in confirmed}
    pushes = ctx.world.rig.pushes
    pushes.lost[:] = [kept for kept in pushes.lost if id(kept) not in gone]
    if confirmed:
        ctx.applied(None)


def _query(ctx: Context, params: Params) -> dict[str, Any]:
    size, page = _count(params, "pageSize"), params.optional_number("page", 1) or 1
    if page < 1:
        raise ApiError("PARAM_ERROR", "page从1开始")
    found = _failed(ctx, params)
    shown = [_shown(ctx, one) for one in found[(page - 1) * size : page * size]]
    return {"pushMessagePage": {"datas": shown, "totalCount": len(found)}}


def _cursor(ctx: Context, params: Params) -> dict[str, Any]:
    """Give the oldest messages and confirm them by that: a crash of the reader loses them."""
    found = _failed(ctx, params)[: _count(params, "quantity")]
    _confirm(ctx, found)
    return {"pushMessageList": [_shown(ctx, one) for one in found]}


def _confirm_ids(ctx: Context, params: Params) -> dict[str, Any]:
    params.text("msgIdList")
    wanted = set(params.numbers("msgIdList"))
    _confirm(ctx, [one for one in _failed(ctx, _EVERYTHING) if one.content["msgId"] in wanted])
    return {"isSuccess": True}


_EVERYTHING = Params({})
_NAME = "cn.alibaba.open/push."
CALLS = {
    f"{_NAME}query.messageList": Call(_query, user=False),
    f"{_NAME}cursor.messageList": Call(_cursor, user=False),
    f"{_NAME}message.confirm": Call(_confirm_ids, user=False),
}
