"""Chats between a shop and its buyers (API.md 6, pushes 13 and 14)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mocks.tiktok_shop.model import DAY, Conversation, Message

if TYPE_CHECKING:
    from mocks.tiktok_shop.model import Order, Shop
    from mocks.tiktok_shop.world import World


def find(world: World, shop: Shop, buyer_id: str) -> Conversation | None:
    """Give the chat of a shop with a buyer, if there ever was one."""
    return world.chats.get(f"{shop.shop_id}/{buyer_id}")


def open_chat(world: World, shop: Shop, buyer_id: str) -> Conversation:
    """Give the chat of a shop with a buyer, opening it when there is none; push 13 tells of a new one."""
    found = find(world, shop, buyer_id)
    if found is not None:
        return found
    made = Conversation(
        conversation_id=world.new_id("7494", 19),
        shop_id=shop.shop_id,
        buyer_id=buyer_id,
        im_ids={"BUYER": world.new_id("71", 19), "SHOP": world.new_id("72", 19)},
        created=world.now(),
    )
    world.chats[f"{shop.shop_id}/{buyer_id}"] = made
    world.push(13, {"conversation_id": made.conversation_id, "create_time": made.created}, shop=shop)
    return made


def can_send(world: World, shop: Shop, buyer_id: str) -> bool:
    """Say whether the shop may write: a chat in 30 days, an order in 60 days, or any return."""
    chat = find(world, shop, buyer_id)
    if chat is not None and chat.messages and chat.messages[-1].created > world.now() - 30 * DAY:
        return True
    orders = [one for one in world.orders.values() if one.shop is shop and one.buyer.user_id == buyer_id]
    return any(one.returns or one.created > world.now() - 60 * DAY for one in orders)


def add(world: World, chat: Conversation, role: str, kind: str, content: str) -> Message:
    """Add a message to a chat."""
    message = Message(world.new_id("75", 19), len(chat.messages), kind, content, role, world.now())
    chat.messages.append(message)
    return message


def buyer_writes(world: World, order: Order, text: str) -> None:
    """Let the buyer write to the shop; push 14 follows."""
    chat = open_chat(world, order.shop, order.buyer.user_id)
    chat.unread += 1
    content = json.dumps({"content": text}, ensure_ascii=False)
    message = add(world, chat, "BUYER", "TEXT", content)
    world.push(
        14, {**_shown(message), "conversation_id": chat.conversation_id, **_sender(chat, message)}, shop=order.shop
    )


def _shown(message: Message) -> dict[str, Any]:
    return {
        "message_id": message.message_id,
        "index": str(message.index),
        "type": message.kind,
        "content": message.content,
        "create_time": message.created,
        "is_visible": True,
    }


def _sender(chat: Conversation, message: Message) -> dict[str, Any]:
    side = "BUYER" if message.role == "BUYER" else "SHOP"
    return {"sender": {"im_user_id": chat.im_ids[side], "role": message.role}}


def message_json(chat: Conversation, message: Message) -> dict[str, Any]:
    """Show one message."""
    shown = _shown(message)
    return {"id": shown.pop("message_id"), **shown, **_sender(chat, message)}


def conversation_json(world: World, shop: Shop, chat: Conversation) -> dict[str, Any]:
    """Show one chat."""
    shown: dict[str, Any] = {
        "id": chat.conversation_id,
        "can_send_message": can_send(world, shop, chat.buyer_id),
        "unread_count": chat.unread,
        "create_time": chat.created,
        "participant_count": 2,
        "participants": [
            {"im_user_id": chat.im_ids["BUYER"], "user_id": chat.buyer_id, "role": "BUYER", "nickname": "buyer"},
            {"im_user_id": chat.im_ids["SHOP"], "user_id": shop.shop_id, "role": "SHOP", "nickname": shop.name},
        ],
    }
    if chat.messages:
        shown["latest_message"] = message_json(chat, chat.messages[-1])
    return shown
