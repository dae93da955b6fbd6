"""Chats between a shop and its buyers (API.md sections 11 and 12, push 10)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mocks.shopee.model import Conversation

if TYPE_CHECKING:
    from mocks.shopee.model import Buyer, Order, Shop
    from mocks.shopee.world import World


def conversation(world: World, shop: Shop, buyer: Buyer) -> Conversation:
    """Give the chat of a shop with a buyer, opening it when there is none."""
    key = f"{shop.shop_id}/{buyer.user_id}"
    if key not in world.chats:
        world.chats[key] = Conversation(str(world.number(18)), shop.shop_id, buyer)
    return world.chats[key]


def buyer_writes(world: World, order: Order, text: str) -> None:
    """Let the buyer write to the shop; push 10 follows."""
    shop = world.shop_of(order)
    chat = conversation(world, shop, order.buyer)
    chat.unread += 1
    message = add(world, chat, from_buyer=True, message_type="text", content={"text": text})
    content = {
        **message,
        "shop_id": shop.shop_id,
        "from_user_name": order.buyer.username,
        "to_user_name": shop.name,
        "region": shop.region,
        "source_content": {"order_sn": order.sn},
    }
    detail = {"type": "message", "region": shop.region, "content": content}
    world.push(10, detail, shop=shop, order_id=order.sn, chat=True)


def add(
    world: World, chat: Conversation, *, from_buyer: bool, message_type: str, content: dict[str, Any]
) -> dict[str, Any]:
    """Add a message to a chat and give it as the calls show it."""
    ends = (chat.buyer.user_id, chat.shop_id)
    message = {
        "message_id": str(world.number(19)),
        "from_id": ends[0] if from_buyer else ends[1],
        "to_id": ends[1] if from_buyer else ends[0],
        "message_type": message_type,
        "content": content,
        "conversation_id": chat.conversation_id,
        "created_timestamp": world.now(),
        "message_option": 0,
    }
    chat.messages.append(message)
    return message
