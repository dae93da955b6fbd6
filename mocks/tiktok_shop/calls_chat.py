"""Customer service: conversations, messages, pictures (API.md 6)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mocks.tiktok_shop import chat
from mocks.tiktok_shop.calling import Call, page_of
from mocks.tiktok_shop.errors import ApiError
from mocks.tiktok_shop.model import DAY

if TYPE_CHECKING:
    from mocks.tiktok_shop.calling import Context
    from mocks.tiktok_shop.model import Conversation

SCOPE = "seller.customer_service"
LONGEST = 2000
NEEDED = {
    "TEXT": ("content",),
    "IMAGE": ("url", "width", "height"),
    "VIDEO": ("url",),
    "PRODUCT_CARD": ("product_id",),
    "ORDER_CARD": ("order_id",),
    "RETURN_REFUND_CARD": ("order_id",),
    "COUPON_CARD": (),
    "LOGISTICS_CARD": ("order_id", "package_id"),
}
"""What the JSON inside `content` must hold, by message type."""


def create(ctx: Context) -> dict[str, Any]:
    """Open the chat with a buyer; an old one is given again with the same id."""
    buyer = ctx.body.text("buyer_user_id")
    if chat.find(ctx.world, ctx.shop, buyer) is None and not chat.can_send(ctx.world, ctx.shop, buyer):
        raise ApiError(45102007)
    return {"conversation_id": chat.open_chat(ctx.world, ctx.shop, buyer).conversation_id}


def conversations(ctx: Context) -> dict[str, Any]:
    """List a shop's chats, the newest first."""
    size = ctx.query.page_size(20, None)
    found = {one.conversation_id: one for one in ctx.world.chats.values() if one.shop_id == ctx.shop.shop_id}
    rows = [(one.created, name) for name, one in found.items()]
    names, token, _ = page_of(ctx.query, rows, size=size, descending=True)
    shown = [chat.conversation_json(ctx.world, ctx.shop, found[name]) for name in names]
    return {"conversations": shown, "next_page_token": token}


def _own(ctx: Context) -> Conversation:
    wanted = ctx.path["conversation_id"]
    for one in ctx.world.chats.values():
        if one.conversation_id == wanted and one.shop_id == ctx.shop.shop_id:
            return one
    raise ApiError(45102007)


def messages(ctx: Context) -> dict[str, Any]:
    """List the messages of a chat, the newest first."""
    found = _own(ctx)
    size = ctx.query.page_size(10, None)
    rows = [(one.index, one.message_id) for one in found.messages]
    names, token, _ = page_of(ctx.query, rows, size=size, descending=True)
    by_id = {one.message_id: one for one in found.messages}
    return {"messages": [chat.message_json(found, by_id[name]) for name in names], "next_page_token": token}


def send(ctx: Context) -> dict[str, Any]:
    """Write to the buyer; `content` is a JSON text inside the JSON body."""
    found = _own(ctx)
    kind = ctx.body.choice("type", NEEDED)
    role = ctx.body.choice("sender_role", ("CUSTOMER_SERVICE", "SYSTEM", "ROBOT"), "CUSTOMER_SERVICE")
    text = ctx.body.text("content")
    inner = _inner(ctx, text)
    if any(name not in inner for name in NEEDED[kind]):
        raise ctx.body.wrong(f"content of {kind} needs {', '.join(NEEDED[kind])}")
    words = str(inner.get("content", ""))
    if len(words) > LONGEST:
        raise ctx.body.wrong(f"content takes at most {LONGEST} characters")
    if not chat.can_send(ctx.world, ctx.shop, found.buyer_id):
        raise ApiError(45102007)
    if any(word in words.lower() for word in ctx.world.app.sensitive):
        raise ApiError(45101006)
    today = (ctx.shop.shop_id, ctx.world.now() // DAY)
    sent = ctx.world.messages_today.get(today, 0)
    if sent >= ctx.world.app.message_quota:
        raise ApiError(45101004)
    ctx.world.messages_today[today] = sent + 1
    message = chat.add(ctx.world, found, role, kind, text)
    ctx.applied(None)
    return {"message_id": message.message_id}


def _inner(ctx: Context, text: str) -> dict[str, Any]:
    try:
        inner = json.loads(text)
    except ValueError as error:
        raise ctx.body.wrong("content must be a JSON text") from error
    if not isinstance(inner, dict):
        raise ctx.body.wrong("content must be a JSON object in a text")
    return inner


def read(ctx: Context) -> dict[str, Any]:
    """Mark a chat as read."""
    _own(ctx).unread = 0
    return {}


def upload(ctx: Context) -> dict[str, Any]:
    """Take a picture for a message."""
    if not ctx.upload or b'name="data"' not in ctx.upload:
        raise ctx.body.wrong("send the picture as multipart field data")
    name = ctx.world.new_id("77", 19)
    return {"url": f"https://img.invalid/chat/{name}.jpg", "width": 200, "height": 200}


CALLS = [
    Call("POST", "customer_service/conversations", create, SCOPE, 36009004),
    Call("GET", "customer_service/conversations", conversations, SCOPE, 36009004),
    Call("GET", "customer_service/conversations/{conversation_id}/messages", messages, SCOPE, 36009004),
    Call("POST", "customer_service/conversations/{conversation_id}/messages", send, SCOPE, 36009004),
    Call("POST", "customer_service/conversations/{conversation_id}/messages/read", read, SCOPE, 36009004),
    Call("POST", "customer_service/images/upload", upload, SCOPE, 36009004),
]
